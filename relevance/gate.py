"""The gate: guards, relevance model and calibrated threshold, ready to judge answers to any question."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from encoders import Encoder
from relevance.background import LanguageBackground
from relevance.calibration import Calibration, regime_of
from relevance.evidence import CREDIT_COLUMNS, Evidence
from relevance.model import RelevanceModel, SplitModel
from relevance.prepare import PreparedAnswer, QuestionReader
from relevance.space import Space, Vectors
from relevance.text_facts import TextFacts
from synth.graded import GradedAnswer, GradedQuestion

IRRELEVANT = "irrelevant"
"""The reason when the model, not a guard, turns an answer away."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one answer. `relevance` is P(relevant), 0 when a guard turned it away."""

    relevance: float
    reason: str | None

    @property
    def rejected(self) -> bool:
        """Whether the answer is turned away."""
        return self.reason is not None


@dataclass(frozen=True)
class Judged:
    """Verdicts of some answers with what the grader needs: cleaned texts and their vectors, (n, d).

    `rows` are the deep rows, (n, d + l d), that the gate itself reads.
    """

    verdicts: list[Verdict]
    texts: list[str]
    vectors: Vectors
    rows: Vectors


@dataclass(frozen=True)
class Examined:
    """All that stays of answers when grades change: with it they are judged again in microseconds."""

    prepared: tuple[PreparedAnswer, ...]
    guarded: tuple[str | None, ...]
    """Name of the guard that turns an answer away."""
    rows: Vectors
    """(n, d + l d) deep rows; zeros where a guard turned the answer away before it was encoded."""
    sums: tuple[Vectors, ...]
    """(n, h) what each model's first layer adds up, without what depends on grades; zeros as in `rows`."""
    similarities: Vectors
    """(n, s) to the graded answers; zeros as in `rows`."""

    @classmethod
    def joined(cls, parts: Sequence[Examined]) -> Examined:
        """Answers that gates of the same graded answers examined in several parts."""
        return cls(
            tuple(answer for part in parts for answer in part.prepared),
            tuple(reason for part in parts for reason in part.guarded),
            np.concatenate([part.rows for part in parts]),
            tuple(map(np.concatenate, zip(*(part.sums for part in parts), strict=True))),
            np.concatenate([part.similarities for part in parts]),
        )

    def take(self, rows: Sequence[int]) -> Examined:
        """Only the given answers, in that order."""
        chosen = np.asarray(rows, dtype=np.int64)
        return Examined(
            tuple(self.prepared[row] for row in rows),
            tuple(self.guarded[row] for row in rows),
            self.rows[chosen],
            tuple(sums[chosen] for sums in self.sums),
            self.similarities[chosen],
        )


@dataclass(frozen=True)
class GateParts:
    """What an artifact holds."""

    models: tuple[RelevanceModel, ...]
    """Their mean logit counts."""
    space: Space
    background: LanguageBackground
    calibration: Calibration


class Gate:
    """Judges whether answers are on topic. One gate serves every question and language.

    Args:
        parts: a trained gate's numbers (`relevance.artifact.load_gate` reads them from a folder).
        encoder: the encoder they were trained with.
    """

    def __init__(self, parts: GateParts, encoder: Encoder) -> None:
        self.parts = parts
        self.encoder = encoder
        self.models = tuple(SplitModel(model, CREDIT_COLUMNS) for model in parts.models)

    def for_question(self, question: GradedQuestion, support: Sequence[GradedAnswer] | None = None) -> QuestionGate:
        """The gate for one question; `support` are its graded answers (by default all the question brings)."""
        return QuestionGate(self, question, question.answers if support is None else support)


class QuestionGate:
    """The gate with one question's evidence. Build it once, judge any number of answers."""

    def __init__(self, gate: Gate, question: GradedQuestion, support: Sequence[GradedAnswer]) -> None:
        self.gate = gate
        self.question = question
        self.support = tuple(support)
        self.reader = QuestionReader(
            question.text, question.language, question.references, question.accepted_languages, self.support
        )

    @cached_property
    def prepared_support(self) -> list[PreparedAnswer]:
        """The graded answers, cleaned."""
        return [self.reader.prepare(answer.text) for answer in self.support]

    @cached_property
    def support_rows(self) -> Vectors:
        """(s, d + l d) deep rows of the cleaned graded answers."""
        return self._encode([answer.own_text for answer in self.prepared_support])

    @property
    def support_vectors(self) -> Vectors:
        """(s, d) vectors of the cleaned graded answers."""
        return self.support_rows[:, : self.gate.encoder.dimension]

    @cached_property
    def evidence(self) -> Evidence:
        """Everything the model compares an answer with."""
        references = [self.reader.prepare(reference).text for reference in self.question.references]
        return Evidence(
            self.gate.parts.space,
            self.gate.parts.background,
            self.reader.clean_question,
            self.gate.encoder.encode_deep([self.reader.clean_question], role="question")[0],
            references,
            self._encode(references),
            [TextFacts.of(answer.own_text) for answer in self.prepared_support],
            self.support_rows,
            self._credit(self.support),
        )

    @cached_property
    def threshold(self) -> float:
        """P(relevant) below which an answer is turned away, given how much support there is."""
        return self.gate.parts.calibration.thresholds[regime_of(len(self.support))]

    def judge(self, answers: Sequence[str]) -> Judged:
        """Judge answers as handed in. An answer's verdict does not depend on the others."""
        return self.judged(self.examine(answers))

    def examine(self, answers: Sequence[str]) -> Examined:
        """All of judging that takes time."""
        prepared = tuple(self.reader.prepare(answer) for answer in answers)
        guarded = tuple(self.reader.rejection(answer) for answer in prepared)
        passing = [row for row, reason in enumerate(guarded) if reason is None]
        rows = np.zeros((len(answers), self.gate.encoder.deep_dimension), dtype=np.float32)
        texts = [prepared[row].own_text for row in passing]
        rows[passing] = self._encode(texts)
        facts = [TextFacts.of(text) for text in texts]
        sums = tuple(np.zeros((len(answers), model.width), dtype=np.float32) for model in self.gate.models)
        similarities = np.zeros((len(answers), len(self.support)), dtype=np.float32)
        if passing:
            features, interactions, similarities[passing] = self.evidence.lasting_inputs(facts, rows[passing])
            for model, kept in zip(self.gate.models, sums, strict=True):
                kept[passing] = model.sums(features, interactions)
        return Examined(prepared, guarded, rows, sums, similarities)

    def judged(self, examined: Examined) -> Judged:
        """What the gate says of answers that it examined, or that another did (see `differs_from`)."""
        late = self.evidence.credit_inputs(examined.similarities)
        pairs = zip(self.gate.models, examined.sums, strict=True)
        logits = np.mean([model.logits(sums, late) for model, sums in pairs], axis=0)
        relevance = self.gate.parts.calibration.probabilities(logits)
        verdicts = []
        for answer, reason, value in zip(examined.prepared, examined.guarded, relevance.tolist(), strict=True):
            if reason is not None:
                value = 0.0
            elif value < self.threshold and not self.reader.is_credited(answer):
                reason = IRRELEVANT
            verdicts.append(Verdict(value, reason))
        texts = [answer.own_text for answer in examined.prepared]
        return Judged(verdicts, texts, examined.rows[:, : self.gate.encoder.dimension], examined.rows)

    def regraded(self, support: Sequence[GradedAnswer]) -> QuestionGate:
        """The gate for the same graded answers with other grades; what does not depend on grades is shared."""
        other = copy.copy(self)
        other.support = tuple(support)
        other.reader = self.reader.regraded(other.support)
        other.__dict__["evidence"] = self.evidence.regraded(self._credit(other.support))
        return other

    def differs_from(self, before: QuestionGate, examined: Examined) -> list[int]:
        """Rows of which this gate's guards may not say what those of `before`, with other grades, said.

        Only those must be examined again; of the others `judged` takes what `before` found out.
        """
        return self.reader.differs_from(before.reader, examined.prepared)

    def _credit(self, support: Sequence[GradedAnswer]) -> NDArray[np.float64]:
        return np.array([answer.grade / self.question.max_grade for answer in support])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.gate.encoder.deep_dimension), dtype=np.float32)
        return self.gate.encoder.encode_deep(list(texts), role="answer")
