"""The full grader: gate, then grader. What students meet; an irrelevant answer gets 0 and a reason."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from encoders import Encoder, open_encoder
from grader.answers import AnswerReader
from grader.artifact import bundled_prior
from grader.estimates import GradeEstimate
from grader.prior import GraderPrior
from grader.question import QuestionGrader
from relevance.artifact import load_gate
from relevance.clean import MAX_CHARACTERS
from relevance.gate import Gate, QuestionGate, Verdict
from synth.graded import GradedAnswer, GradedQuestion


@dataclass(frozen=True)
class GradeResult:
    """An answer's grade with everything that led to it.

    `relevance` is P(relevant), None without a gate; `reason` says why the answer was turned away, None when it was not.
    """

    grade: float
    max_grade: float
    levels: tuple[float, ...]
    probabilities: tuple[float, ...]
    expected_grade: float
    interval: tuple[float, float]
    relevance: float | None
    reason: str | None


class FullGrader:
    """Gate and grader over one encoder.

    Args:
        encoder: turns texts into vectors; with a gate, the gate's.
        gate: None for the plain grader, which takes every text as an honest answer.
        prior: what the grader believes before it sees a graded answer; by default the bundled prior.
    """

    def __init__(self, encoder: Encoder, gate: Gate | None, prior: GraderPrior | None = None) -> None:
        self.encoder = encoder
        self.gate = gate
        self.prior = prior or bundled_prior(encoder)

    def for_question(
        self, question: GradedQuestion, support: Sequence[GradedAnswer] | None = None
    ) -> FullQuestionGrader:
        """Learn one question from its graded answers (by default all that the question brings).

        Raises:
            ValueError: there is no graded answer.
        """
        return FullQuestionGrader(self, question, question.answers if support is None else tuple(support))


class FullQuestionGrader:
    """The full grader of one question."""

    def __init__(self, full: FullGrader, question: GradedQuestion, support: Sequence[GradedAnswer]) -> None:
        if not support:
            raise ValueError(f"no graded answer for the question '{question.text[:60]}'; give at least one")
        self.question = question
        self._full = full
        self._support = tuple(support)

    @cached_property
    def _question_gate(self) -> QuestionGate | None:
        gate = self._full.gate
        return None if gate is None else gate.for_question(self.question, self._support)

    @cached_property
    def _reader(self) -> AnswerReader:
        return AnswerReader(self.question, self._full.encoder)

    @cached_property
    def _grader(self) -> QuestionGrader:
        gate = self._question_gate
        if gate is None:
            table = self._reader.read(_within_limit([answer.text for answer in self._support]))
        else:
            table = self._reader.read([answer.own_text for answer in gate.prepared_support], gate.support_vectors)
        grader = QuestionGrader(max_grade=self.question.max_grade, prior=self._full.prior)
        return grader.fit(table, [answer.grade for answer in self._support])

    def grade(self, answers: Sequence[str]) -> list[GradeResult]:
        """Grade answers as handed in; one's grade does not depend on the others."""
        if not answers:
            return []
        if self._question_gate is None:
            graded = self._grader.predict(self._reader.read(_within_limit(answers)))
            return [self._passed(estimate, None) for estimate in graded]
        judged = self._question_gate.judge(answers)
        passing = [row for row, verdict in enumerate(judged.verdicts) if not verdict.rejected]
        texts = [judged.texts[row] for row in passing]
        estimates = self._grader.predict(self._reader.read(texts, judged.vectors[passing])) if passing else []
        by_row = dict(zip(passing, estimates, strict=True))
        return [
            self._passed(by_row[row], verdict.relevance) if row in by_row else self._rejected(verdict)
            for row, verdict in enumerate(judged.verdicts)
        ]

    def _passed(self, estimate: GradeEstimate, relevance: float | None) -> GradeResult:
        return GradeResult(
            grade=estimate.grade,
            max_grade=self.question.max_grade,
            levels=estimate.levels,
            probabilities=estimate.probabilities,
            expected_grade=estimate.expected_grade,
            interval=estimate.interval,
            relevance=relevance,
            reason=None,
        )

    def _rejected(self, verdict: Verdict) -> GradeResult:
        levels = self._grader.scale.levels
        return GradeResult(
            grade=0.0,
            max_grade=self.question.max_grade,
            levels=tuple(levels),
            probabilities=tuple(np.eye(1, len(levels))[0].tolist()),
            expected_grade=0.0,
            interval=(0.0, 0.0),
            relevance=verdict.relevance,
            reason=verdict.reason,
        )


def _within_limit(texts: Sequence[str]) -> list[str]:
    return [text[:MAX_CHARACTERS] for text in texts]


def open_full_grader(gate: str | os.PathLike[str] = "bundled", encoder: str = "e5", threads: int = 1) -> FullGrader:
    """A full grader by name.

    Args:
        gate: an artifact's folder, "bundled", or "none" for the plain grader.
        encoder: the plain grader's encoder; with a gate it is the gate's.

    Raises:
        ArtifactError: the folder is not a gate.
        EncoderUnavailable: the encoder cannot be had here.
    """
    if gate == "none":
        return FullGrader(open_encoder(encoder, threads), None)
    loaded = load_gate(None if gate == "bundled" else gate, threads=threads)
    return FullGrader(loaded.encoder, loaded)
