"""The grader of one question: fitted on 20-30 graded answers in milliseconds, fitted again when one grade
changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from grader.estimates import GradeEstimate, estimates
from grader.levels import Floats, GradeScale, checked_grades, grade_scale
from grader.newton import fit_softmax, softmax


class NotFittedError(ValueError):
    """A grader was asked for grades before it was given graded answers."""


@dataclass(frozen=True)
class GraderPrior:
    """What the grader believes before it sees a graded answer."""

    weight_variance: float = 1000.0
    """Prior variance of every weight, above 0. Sentence vectors lie in a narrow cone, so weights must be
    large.
    """
    intercept_variance: float = 1.0
    """Prior variance of every grade's own number."""
    class_strength: float = 1.0
    """Graded answers that the belief "every grade is as likely as any other" is worth; above 0."""


class QuestionGrader:
    """Learns one question's grades from vectors of graded answers.

    Args:
        max_grade: Highest grade of the question, above 0.
        prior: What is believed before any example.
        scale: The question's levels; by default the coarsest scale that has all the grades given.
    """

    def __init__(self, *, max_grade: float, prior: GraderPrior | None = None, scale: GradeScale | None = None) -> None:
        self.max_grade = float(max_grade)
        self.prior = prior or GraderPrior()
        self._given_scale = scale
        self._fitted: _Fitted | None = None

    def fit(self, vectors: npt.ArrayLike, grades: npt.ArrayLike) -> Self:
        """Fit to unit vectors (n, d) and their grades (n,), each 0 … `max_grade`, fractions allowed; n at
        least 1.

        Raises:
            ValueError: shapes do not match, there is no answer, or a number is outside its range.
        """
        rows = _checked_vectors(vectors)
        marks = checked_grades(grades, self.max_grade)
        if len(rows) != len(marks):
            raise ValueError(f"{len(rows)} vectors but {len(marks)} grades; give one grade for every vector")
        if not len(rows):
            raise ValueError("no graded answer; give at least one")
        scale = self._given_scale or grade_scale(marks, self.max_grade)
        targets = scale.targets(marks)
        prior = self.prior
        counts = targets.sum(axis=0) + prior.class_strength / len(scale.levels)
        offset = np.log(counts / counts.sum())
        centre = rows.mean(axis=0)
        centred = rows - centre
        fit = fit_softmax(self._kernel(centred, centred)[None], targets[None], offsets=offset[None, None])
        self._fitted = _Fitted(centred, centre, scale, offset, fit.dual[0])
        return self

    @property
    def scale(self) -> GradeScale:
        """The question's levels."""
        return self._state().scale

    def probabilities(self, vectors: npt.ArrayLike) -> Floats:
        """P(grade = level) for unit vectors (m, d): (m, K), rows sum to 1."""
        state = self._state()
        rows = _checked_vectors(vectors)
        if rows.shape[1] != state.vectors.shape[1]:
            width = state.vectors.shape[1]
            raise ValueError(f"vectors of length {rows.shape[1]}, but fitted on length {width}")
        return softmax(state.offset + self._kernel(rows - state.centre, state.vectors) @ state.dual)

    def predict(self, vectors: npt.ArrayLike) -> list[GradeEstimate]:
        """Estimates for unit vectors (m, d), in their order; the grade is the level nearest to the expected
        grade.
        """
        scale = self._state().scale
        probabilities = self.probabilities(vectors)
        return estimates(probabilities, scale.levels, scale.nearest(probabilities @ scale.levels))

    def _kernel(self, left: Floats, right: Floats) -> Floats:
        return self.prior.weight_variance * (left @ right.T) + self.prior.intercept_variance

    def _state(self) -> _Fitted:
        if self._fitted is None:
            raise NotFittedError("this grader has no graded answers yet; call fit first")
        return self._fitted


@dataclass(frozen=True)
class _Fitted:
    vectors: Floats
    centre: Floats
    scale: GradeScale
    offset: Floats
    dual: Floats


def _checked_vectors(vectors: npt.ArrayLike) -> Floats:
    rows = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2:
        raise ValueError(f"vectors must be a table (n, d), not an array of shape {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("a vector has entries that are not finite numbers")
    return rows
