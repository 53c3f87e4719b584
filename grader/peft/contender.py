"""A trained scorer as the comparison takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.levels import GradeScale, grade_scale
from grader.peft.scorer import PeftScorer
from grader.peft.training import TrainedScorer
from grader.rivals.base import Graded
from grader.rivals.contender import FittedContender, Footprint
from synth.graded import GradedAnswer, GradedQuestion


class PeftContender:
    """A scorer trained before; a question's graded answers only say which levels there are."""

    def __init__(self, trained: TrainedScorer, name: str = "peft") -> None:
        config = trained.config
        parameters = sum(parameter.numel() for parameter in trained.network.parameters())
        self.name = name
        self.summary = f"{config.method} with a {config.head} head"
        # Base weights are kept in 4 bytes each; the adapter is a part of them.
        self.footprint = Footprint(parameters, 4 * parameters)
        self._scorer = PeftScorer(trained)

    def fit(self, question: GradedQuestion, support: Sequence[GradedAnswer]) -> FittedContender:
        """See `Contender.fit`."""
        scale = grade_scale([answer.grade for answer in support], question.max_grade)
        return _FittedPeft(self._scorer, question, scale)


@dataclass(frozen=True)
class _FittedPeft:
    scorer: PeftScorer
    question: GradedQuestion
    scale: GradeScale

    def grade(self, texts: Sequence[str]) -> Graded:
        return self.scorer.grade(self.question, self.scale, texts)
