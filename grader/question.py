"""The grader of one question: fitted on 20-30 graded answers in milliseconds, fitted again when one grade changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from grader.answers import AnswerTable
from grader.estimates import GradeEstimate, estimates
from grader.factors import factorise
from grader.levels import Floats, GradeScale, checked_grades, grade_scale
from grader.newton import fit_softmax, softmax
from grader.prior import Evidence, GraderPrior, Units, basis, kernel, prior_mean
from grader.reading import Reading, leave_one_out, matched_reading

__all__ = ["Answers", "GraderPrior", "NotFittedError", "QuestionGrader"]

Answers = AnswerTable | npt.ArrayLike
"""What `AnswerReader.read` returns, or sentence vectors alone."""


class NotFittedError(ValueError):
    """A grader was asked for grades before it was given graded answers."""


class QuestionGrader:
    """Learns one question's grades from graded answers.

    Args:
        max_grade: Highest grade of the question, above 0.
        prior: What is believed before any example; by default `GraderPrior()`, which no data taught.
        scale: The question's levels; by default the coarsest scale that has all the grades given.
    """

    def __init__(self, *, max_grade: float, prior: GraderPrior | None = None, scale: GradeScale | None = None) -> None:
        self.max_grade = float(max_grade)
        self.prior = prior or GraderPrior()
        self._given_scale = scale
        self._fitted: _Fitted | None = None

    def fit(self, answers: Answers, grades: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Self:
        """Fit to n graded answers, n at least 1, and their grades (n,), each 0 … `max_grade`, fractions allowed.

        Args:
            answers: An `AnswerTable`, or unit vectors (n, d).
            grades: The teacher's.
            weights: (n,) how much each grade counts, at least 0; by default 1.

        Raises:
            ValueError: lengths do not match, there is no answer, or a number is outside its range.
        """
        table = _as_table(answers)
        marks = checked_grades(grades, self.max_grade)
        if len(table) != len(marks):
            raise ValueError(f"{len(table)} answers but {len(marks)} grades; give one grade for every answer")
        if not len(table):
            raise ValueError("no graded answer; give at least one")
        units = Units.of(table, self.prior)
        evidence = units.evidence(table)
        covariance = kernel(self.prior.learned(), evidence, evidence)
        self._fitted = self._solve(table, marks, _checked_weights(weights, len(table)), units, evidence, covariance)
        return self

    def change_grade(self, row: int, grade: float) -> Self:
        """The teacher changed the grade of the row-th fitted answer: fit again from the present fit.

        Raises:
            ValueError: there is no such row, or the grade is outside 0 … `max_grade`.
        """
        state = self._state()
        if not 0 <= row < len(state.grades):
            raise ValueError(f"graded answer {row} does not exist; there are {len(state.grades)}, counted from 0")
        marks = state.grades.copy()
        marks[row] = checked_grades([grade], self.max_grade)[0]
        self._fitted = self._solve(
            state.table, marks, state.weights, state.units, state.evidence, state.covariance, start=state.dual
        )
        return self

    @property
    def scale(self) -> GradeScale:
        """The question's levels."""
        return self._state().scale

    def covariance_with(self, answers: Answers) -> tuple[Floats, Floats]:
        """What `estimate` needs of answers: (m, n) covariance with the graded ones and (m, r) prior mean.

        Neither depends on the grades, so they are worth keeping while the teacher changes grades.

        Raises:
            ValueError: the answers' evidence is not of the kind that was fitted.
        """
        state = self._state()
        table = _as_table(answers)
        if not table.same_columns(state.table):
            width, fitted = table.vectors.shape[1], state.table.vectors.shape[1]
            raise ValueError(f"vectors of length {width}, but fitted on length {fitted}, or other evidence is missing")
        evidence = state.units.evidence(table)
        parameters = self.prior.learned()
        return kernel(parameters, evidence, state.evidence), prior_mean(parameters, evidence)

    def probabilities(self, answers: Answers) -> Floats:
        """P(grade = level) of m answers: (m, K), rows sum to 1."""
        return self.probabilities_of(*self.covariance_with(answers))

    def predict(self, answers: Answers) -> list[GradeEstimate]:
        """Estimates of m answers, in their order."""
        return self.estimate(*self.covariance_with(answers))

    def estimate(self, covariance: Floats, mean: Floats) -> list[GradeEstimate]:
        """Estimates from what `covariance_with` gave."""
        probabilities = self.probabilities_of(covariance, mean)
        return estimates(probabilities, self.scale.levels, self.read_off(probabilities))

    def read_off(self, probabilities: Floats) -> Floats:
        """(m,) grades to give, each a level, from probabilities (m, K)."""
        state = self._state()
        return state.scale.nearest(state.reading.stretched(probabilities @ state.scale.levels))

    def probabilities_of(self, covariance: Floats, mean: Floats) -> Floats:
        """(m, K) probabilities from what `covariance_with` gave."""
        state = self._state()
        logits = state.class_logits + (mean + covariance @ state.dual) @ state.basis.T
        return softmax(logits / np.exp(self.prior.log_temperature))

    def weights(self) -> dict[str, Floats]:
        """The fitted numbers: enough to see what was learned, and to begin from it again."""
        state = self._state()
        return {
            "dual": state.dual,
            "class_logits": state.class_logits,
            "basis": state.basis,
            "grades": state.grades,
            "levels": state.scale.levels,
            "reading": np.array([state.reading.centre, state.reading.factor]),
        }

    def posterior_covariance(self, answers: Answers) -> tuple[Floats, Floats]:
        """What is not known yet: (m, m) covariance of the latent level of m answers given the graded ones.

        With it (m,) the variance that one grade's own uncertainty adds: the inverse curvature of its likelihood.
        """
        state = self._state()
        table = _as_table(answers)
        covariance, mean = self.covariance_with(table)
        evidence = state.units.evidence(table)
        prior = kernel(self.prior.learned(), evidence, evidence)
        curvature = level_curvature(
            softmax(state.class_logits + (state.mean + state.covariance @ state.dual) @ state.basis.T), state.basis
        )
        root = np.sqrt(state.weights * curvature)
        inner = np.eye(len(root)) + root[:, None] * state.covariance * root
        half = np.linalg.solve(inner, root[:, None] * covariance.T)
        known = (covariance * root) @ half
        ahead = level_curvature(self.probabilities_of(covariance, mean), state.basis)
        return prior - known, 1.0 / np.maximum(ahead, 1e-6)

    def _solve(
        self,
        table: AnswerTable,
        grades: Floats,
        weights: Floats,
        units: Units,
        evidence: Evidence,
        covariance: Floats,
        start: Floats | None = None,
    ) -> _Fitted:
        prior, parameters = self.prior, self.prior.learned()
        scale = self._given_scale or grade_scale(grades, self.max_grade)
        targets = scale.targets(grades)
        directions = basis(scale.levels, prior.log_basis_scale)
        class_logits = log_class_prior(targets, weights, np.exp(prior.log_class_strength))
        mean = prior_mean(parameters, evidence)
        fit = fit_softmax(
            covariance[None],
            targets[None],
            weights=weights[None],
            offsets=(class_logits + mean @ directions.T)[None],
            basis=directions[None],
            start=None if start is None else start[None],
        )
        factor = factorise(covariance[None], fit.probabilities, weights[None], directions[None])
        left_out = mean + leave_one_out((covariance @ fit.dual[0])[None], fit.dual, factor)[0]
        expected = softmax((class_logits + left_out @ directions.T) / np.exp(prior.log_temperature)) @ scale.levels
        graded = weights > 0
        reading = matched_reading(grades[graded], expected[graded], prior.stretch)
        return _Fitted(
            table,
            grades,
            weights,
            units,
            evidence,
            covariance,
            scale,
            directions,
            class_logits,
            mean,
            fit.dual[0],
            reading,
        )

    def _state(self) -> _Fitted:
        if self._fitted is None:
            raise NotFittedError("this grader has no graded answers yet; call fit first")
        return self._fitted


@dataclass(frozen=True)
class _Fitted:
    table: AnswerTable
    grades: Floats
    weights: Floats
    units: Units
    evidence: Evidence
    covariance: Floats
    scale: GradeScale
    basis: Floats
    class_logits: Floats
    mean: Floats
    dual: Floats
    reading: Reading


def level_curvature(probabilities: Floats, directions: Floats) -> Floats:
    """(n,) variance of the basis' first direction under probabilities (n, K): how much a grade says about the level."""
    level = directions[:, 0]
    curvature: Floats = probabilities @ level**2 - (probabilities @ level) ** 2
    return curvature


def log_class_prior(targets: Floats, weights: Floats, strength: Floats) -> Floats:
    """(K,) logarithm of how common each grade is: counts of targets (n, K), and `strength` answers spread evenly."""
    counts = weights @ targets + strength / targets.shape[1]
    logarithms: Floats = np.log(counts / counts.sum())
    return logarithms


def _as_table(answers: Answers) -> AnswerTable:
    return answers if isinstance(answers, AnswerTable) else AnswerTable.of_vectors(answers)


def _checked_weights(weights: npt.ArrayLike | None, count: int) -> Floats:
    if weights is None:
        return np.ones(count)
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (count,) or not (array >= 0).all() or not (array > 0).any():
        raise ValueError(f"weights must be {count} numbers of at least 0, one of them above 0")
    return array
