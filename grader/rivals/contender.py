"""What the comparison compares: anything that learns a question from graded answers and then grades, at a price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from encoders import Encoder
from encoders.base import Progress, Role, Vectors
from grader.answers import AnswerReader
from grader.levels import GradeScale, grade_scale
from grader.llm.grader import LlmGrader
from grader.rivals.base import Graded, Rival, Task
from relevance.gate import Gate
from synth.graded import GradedAnswer, GradedQuestion

UNREADABLE = "no grade"
"""The reason when a contender gave no grade: the answer gets 0 and is counted as turned away."""


@dataclass(frozen=True)
class Footprint:
    """What must be there to grade. None where it cannot be known (a model behind an address)."""

    parameters: int | None
    bytes: int | None


class FittedContender(Protocol):
    """One question, learned."""

    @property
    def scale(self) -> GradeScale:
        """The question's levels."""
        ...

    def grade(self, texts: Sequence[str]) -> Graded:
        """Grades (n,), NaN where there is none, with probabilities (n, K) over the scale's levels if it has them."""
        ...


class Contender(Protocol):
    """A way to grade."""

    name: str
    summary: str
    footprint: Footprint

    def fit(self, question: GradedQuestion, support: Sequence[GradedAnswer]) -> FittedContender:
        """Learn one question."""
        ...


@dataclass(frozen=True)
class RivalGrade:
    """What a contender, behind a gate or not, says of one answer; fields as in `grader.full.GradeResult`."""

    grade: float
    probabilities: tuple[float, ...] | None
    relevance: float | None = None
    reason: str | None = None


class GatedQuestion:
    """A fitted contender behind the gate: what the gate turns away is not graded, and costs nothing more.

    Args:
        gate: None for the contender alone.
    """

    def __init__(
        self, contender: Contender, gate: Gate | None, question: GradedQuestion, support: Sequence[GradedAnswer]
    ) -> None:
        self.fitted = contender.fit(question, support)
        self._gate = None if gate is None else gate.for_question(question, support)

    def grade(self, texts: Sequence[str]) -> list[RivalGrade]:
        """Grades in the texts' order."""
        if self._gate is None:
            return self._graded(texts, [None] * len(texts))
        verdicts = self._gate.judge(texts).verdicts
        passing = [row for row, verdict in enumerate(verdicts) if not verdict.rejected]
        graded = self._graded([texts[row] for row in passing], [verdicts[row].relevance for row in passing])
        by_row = dict(zip(passing, graded, strict=True))
        nothing = tuple(np.eye(1, len(self.fitted.scale.levels))[0].tolist())
        return [
            by_row[row] if row in by_row else RivalGrade(0.0, nothing, verdict.relevance, verdict.reason)
            for row, verdict in enumerate(verdicts)
        ]

    def _graded(self, texts: Sequence[str], relevance: Sequence[float | None]) -> list[RivalGrade]:
        if not texts:
            return []
        graded = self.fitted.grade(texts)
        rows = (
            [None] * len(texts) if graded.probabilities is None else [tuple(r) for r in graded.probabilities.tolist()]
        )
        return [
            RivalGrade(0.0, None, relevant, UNREADABLE)
            if np.isnan(grade)
            else RivalGrade(float(grade), row, relevant, None)
            for grade, row, relevant in zip(graded.grades, rows, relevance, strict=True)
        ]


class NoVectors(Encoder):
    """For rivals that look at no vector: one number for every text, at no cost."""

    name, dimension, content_hash = "none", 1, "none"

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        return np.ones((len(texts), 1), np.float32)


class RivalContender:
    """A `Rival` on an encoder's vectors."""

    def __init__(self, rival: Rival, encoder: Encoder, footprint: Footprint, name: str | None = None) -> None:
        self.name, self.summary, self.footprint = name or rival.name, rival.summary, footprint
        self._rival, self._encoder = rival, encoder

    def fit(self, question: GradedQuestion, support: Sequence[GradedAnswer]) -> FittedContender:
        """See `Contender.fit`."""
        return _FittedRival(self._rival, AnswerReader(question, self._encoder), question, support)


class _FittedRival:
    def __init__(
        self, rival: Rival, reader: AnswerReader, question: GradedQuestion, support: Sequence[GradedAnswer]
    ) -> None:
        self._rival, self._reader, self._question = rival, reader, question
        self._texts = [answer.text for answer in support]
        self._grades = np.array([answer.grade for answer in support])
        self._support = reader.read(self._texts)
        self.scale = grade_scale(self._grades, question.max_grade)

    def grade(self, texts: Sequence[str]) -> Graded:
        return self._rival.grade(
            Task(self._question, "", self._support, self._texts, self._grades, self._reader.read(texts), texts)
        )


class LlmContender:
    """A language model asked in context."""

    def __init__(self, grader: LlmGrader, name: str = "llm") -> None:
        settings = grader.settings
        self.name = name
        self.summary = f"{settings.model} asked in context, {settings.shots} examples"
        self.footprint = Footprint(None, None)
        self.grader = grader

    def fit(self, question: GradedQuestion, support: Sequence[GradedAnswer]) -> FittedContender:
        """See `Contender.fit`."""
        return _FittedLlm(self.grader, question, support)


class _FittedLlm:
    def __init__(self, grader: LlmGrader, question: GradedQuestion, support: Sequence[GradedAnswer]) -> None:
        self._question = grader.for_question(question, support)
        self.scale = self._question.scale

    def grade(self, texts: Sequence[str]) -> Graded:
        results = self._question.grade(texts)
        grades = np.array([np.nan if result.grade is None else result.grade for result in results])
        rows = [result.probabilities for result in results]
        known = [row for row in rows if row is not None]
        return Graded(grades, np.array(known) if len(known) == len(rows) else None)
