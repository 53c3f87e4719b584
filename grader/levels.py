"""Grade scales: which grades a question can get, whatever the teacher's scale, and where a grade lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_STEPS = 20
"""A scale has at most 21 levels; finer grades lie between two levels."""
NICE_STEPS = (1.0, 0.5, 0.25, 0.2, 0.1, 0.05)


@dataclass(frozen=True)
class GradeScale:
    """Evenly spaced levels from 0 to `max_grade`."""

    max_grade: float
    steps: int
    """Number of steps; there are `steps` + 1 levels."""

    @cached_property
    def levels(self) -> Floats:
        """(K,) grades, ascending, the first 0, the last `max_grade`."""
        return np.linspace(0.0, self.max_grade, self.steps + 1)

    def targets(self, grades: npt.ArrayLike) -> Floats:
        """(n, K) distributions over the levels whose means are the grades.

        A grade on a level is one-hot; a grade between two levels is shared by them, so 5.667 of 100 is kept
        exactly.

        Raises:
            ValueError: a grade is not a number in 0 … `max_grade`.
        """
        grades = checked_grades(grades, self.max_grade)
        position = np.clip(grades / self.max_grade * self.steps, 0, self.steps)
        lower = np.minimum(np.floor(position + 1e-9).astype(int), self.steps - 1)
        upper_share = np.clip(position - lower, 0.0, 1.0)
        upper_share[np.abs(upper_share) < 1e-9] = 0.0
        targets = np.zeros((len(grades), self.steps + 1))
        rows = np.arange(len(grades))
        targets[rows, lower] = 1.0 - upper_share
        targets[rows, lower + 1] = upper_share
        return targets

    def nearest(self, grades: npt.ArrayLike) -> Floats:
        """The level nearest to each grade; grades outside the scale go to its ends."""
        position = np.clip(np.asarray(grades, dtype=np.float64) / self.max_grade * self.steps, 0, self.steps)
        rounded: Floats = self.levels[np.floor(position + 0.5).astype(int).clip(0, self.steps)]
        return rounded


def checked_grades(grades: npt.ArrayLike, max_grade: float) -> Floats:
    """The grades as (n,) float64.

    Raises:
        ValueError: `max_grade` is not above 0, or a grade is not a number in 0 … `max_grade`.
    """
    if not (math.isfinite(max_grade) and max_grade > 0):
        raise ValueError(f"max_grade is {max_grade!r}; it must be a number above 0")
    array = np.asarray(grades, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"grades must be a list of numbers, not an array of shape {array.shape}")
    wrong = np.flatnonzero(~((array >= 0) & (array <= max_grade * (1 + 1e-9))))
    if len(wrong):
        raise ValueError(f"grade {array[wrong[0]]:g} (answer {wrong[0] + 1}) is outside 0 … {max_grade:g}")
    return array


def grade_scale(grades: Sequence[float] | npt.ArrayLike, max_grade: float) -> GradeScale:
    """The coarsest sensible scale that has all the grades a teacher gave; the finest where none has.

    Whole grades are kept for scales up to 20 (0 … 3 has the levels 0, 1, 2, 3 even when only 1 and 3 were
    given), tens or fives for percentages, halves, quarters, fifths, tenths and twentieths where the teacher
    used them.
    """
    array = checked_grades(grades, max_grade)
    for steps in _candidates(max_grade):
        positions = array / max_grade * steps
        if np.all(np.abs(positions - np.round(positions)) < 1e-6):
            return GradeScale(max_grade, steps)
    return GradeScale(max_grade, MOST_STEPS)


def _candidates(max_grade: float) -> list[int]:
    """Numbers of steps worth trying, fewest first: `max_grade` divided by round step sizes."""
    widest = 1.0 if max_grade <= MOST_STEPS else max_grade / 10
    found = {1} if max_grade <= 1 else set()
    for power in range(math.floor(math.log10(max_grade)) - 2, math.ceil(math.log10(max_grade)) + 2):
        for nice in NICE_STEPS:
            step = nice * 10.0**power
            if nice == 0.25 and power > 0:
                continue  # 2.5 or 25 of 100 is no step that teachers count in
            steps = max_grade / step
            if step <= widest * (1 + 1e-9) and abs(steps - round(steps)) < 1e-6 and 1 <= round(steps) <= MOST_STEPS:
                found.add(round(steps))
    return sorted(found)
