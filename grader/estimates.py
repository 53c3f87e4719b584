"""What a grader says about one answer, and how a grade is read off probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

COVERAGE = 0.9
"""Share of the probability that `GradeEstimate.interval` holds at least."""


@dataclass(frozen=True)
class GradeEstimate:
    """One answer's grade on the teacher's scale, with everything it was read from."""

    grade: float
    """The grade to give: a level of the scale."""
    expected_grade: float
    """Mean of the probabilities, between 0 and the highest level."""
    most_probable_grade: float
    levels: tuple[float, ...]
    """The scale's grades, ascending."""
    probabilities: tuple[float, ...]
    """P(grade = level), one for every level; they sum to 1."""
    interval: tuple[float, float]
    """Levels with at most 5 % below the first and at most 5 % above the second."""

    @property
    def confidence(self) -> float:
        """Probability of the given grade's level, 0 … 1."""
        return self.probabilities[self.levels.index(self.grade)] if self.grade in self.levels else 0.0


def intervals(probabilities: Floats, levels: Floats, coverage: float = COVERAGE) -> Floats:
    """(n, 2): central intervals of distributions (n, K) over ascending levels (K,), each with at least
    `coverage`.
    """
    tail = (1.0 - coverage) / 2
    cumulative = np.cumsum(probabilities, axis=1)
    lower = (cumulative <= tail).sum(axis=1)
    upper = (cumulative < 1.0 - tail).sum(axis=1)
    last = len(levels) - 1
    return np.stack([levels[np.minimum(lower, last)], levels[np.minimum(upper, last)]], axis=1)


def estimates(probabilities: Floats, levels: Floats, grades: Floats) -> list[GradeEstimate]:
    """Estimates from distributions (n, K) over the levels (K,) and the grades (n,) read off them."""
    expected = np.clip(probabilities @ levels, levels[0], levels[-1])
    likely = levels[probabilities.argmax(axis=1)]
    ends = intervals(probabilities, levels)
    names = tuple(levels.tolist())
    return [
        GradeEstimate(
            grade=float(grades[row]),
            expected_grade=float(expected[row]),
            most_probable_grade=float(likely[row]),
            levels=names,
            probabilities=tuple(probabilities[row].tolist()),
            interval=(float(ends[row, 0]), float(ends[row, 1])),
        )
        for row in range(len(probabilities))
    ]
