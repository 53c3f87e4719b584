"""The gate: guards, relevance model and calibrated threshold, ready to judge answers to any question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from encoders import Encoder
from relevance.background import LanguageBackground
from relevance.calibration import Calibration, regime_of
from relevance.evidence import Evidence, TextFacts
from relevance.model import RelevanceModel, mean_logits
from relevance.prepare import PreparedAnswer, QuestionReader
from relevance.space import Space, Vectors
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
            np.array([answer.grade / self.question.max_grade for answer in self.support]),
        )

    @property
    def threshold(self) -> float:
        """P(relevant) below which an answer is turned away, given how much support there is."""
        return self.gate.parts.calibration.thresholds[regime_of(len(self.support))]

    def judge(self, answers: Sequence[str]) -> Judged:
        """Judge answers as handed in. An answer's verdict does not depend on the others."""
        prepared = [self.reader.prepare(answer) for answer in answers]
        texts = [answer.own_text for answer in prepared]
        guarded = [self.reader.rejection(answer) for answer in prepared]
        passing = [row for row, reason in enumerate(guarded) if reason is None]
        rows = np.zeros((len(answers), self.gate.encoder.deep_dimension), dtype=np.float32)
        relevance = np.zeros(len(answers))
        if passing:
            rows[passing] = self._encode([texts[row] for row in passing])
            relevance[passing] = self._relevance([TextFacts.of(texts[row]) for row in passing], rows[passing])
        verdicts = []
        for row, reason in enumerate(guarded):
            if reason is None and relevance[row] < self.threshold and not self.reader.is_credited(prepared[row]):
                reason = IRRELEVANT
            verdicts.append(Verdict(float(relevance[row]), reason))
        return Judged(verdicts, texts, rows[:, : self.gate.encoder.dimension], rows)

    def _relevance(self, facts: Sequence[TextFacts], rows: Vectors) -> NDArray[np.float64]:
        logits = mean_logits(self.gate.parts.models, *self.evidence.inputs(facts, rows))
        return self.gate.parts.calibration.probabilities(logits)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.gate.encoder.deep_dimension), dtype=np.float32)
        return self.gate.encoder.encode_deep(list(texts), role="answer")
