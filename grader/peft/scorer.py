"""A trained scorer as a grader of questions: grades and probabilities on each question's own levels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.levels import Floats, GradeScale
from grader.peft.data import ungraded_rows
from grader.peft.training import TrainedScorer, expected_shares
from grader.rivals.base import Graded
from synth.graded import GradedQuestion


class PeftScorer:
    """Grades with a trained scorer."""

    def __init__(self, trained: TrainedScorer) -> None:
        self.trained = trained

    def grade(self, question: GradedQuestion, scale: GradeScale, texts: Sequence[str]) -> Graded:
        """Grades (n,) on the scale's levels with probabilities (n, K)."""
        outputs = self.trained.outputs(ungraded_rows(question, texts))
        config = self.trained.config
        grades = scale.nearest(expected_shares(outputs, config) * question.max_grade)
        if config.head == "regression":
            return Graded(grades, normal_probabilities(outputs[:, 0], self.trained.deviation, scale))
        return Graded(grades, outputs @ scale.targets(np.linspace(0.0, question.max_grade, config.classes)))


def normal_probabilities(shares: Floats, deviation: float, scale: GradeScale) -> Floats:
    """(n, K): a normal distribution about each share, with the error that validation showed, over the levels."""
    levels = scale.levels / scale.max_grade
    logs = -0.5 * ((levels[None, :] - shares[:, None]) / deviation) ** 2
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    probabilities: Floats = weights / weights.sum(axis=1, keepdims=True)
    return probabilities
