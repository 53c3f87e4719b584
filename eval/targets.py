"""Targets: what the suite attacks. A target learns a question from graded answers and grades texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from grader.full import FullGrader
from synth.graded import GradedAnswer, GradedQuestion


@dataclass(frozen=True)
class TargetGrade:
    """What a target says of one text."""

    grade: float
    relevance: float | None = None
    reason: str | None = None


class Target(Protocol):
    """Anything that grades."""

    name: str

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """Grade `answers` to `question` after learning from `support`; one result per answer, in order."""
        ...


class FullGraderTarget:
    """Our own full grader (or, without a gate, the plain grader) as a target."""

    def __init__(self, grader: FullGrader, name: str) -> None:
        self.name = name
        self._grader = grader

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """See `Target.grade`."""
        results = self._grader.for_question(question, support).grade(answers)
        return [TargetGrade(result.grade, result.relevance, result.reason) for result in results]
