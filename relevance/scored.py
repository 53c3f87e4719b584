"""Scored answers with all that a report says of them: from a training run (cross-fitted) or from graded files."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relevance.calibration import regime_of
from relevance.corpus import GateQuestion
from relevance.episodes import GENUINE, is_genuine, text_of_source
from relevance.explain import Pull, pulls_down
from relevance.gate import IRRELEVANT, Gate, QuestionGate
from relevance.metrics import WARM_SIZE
from relevance.pipeline import GateTrainingData, TrainedGate
from relevance.text_facts import TextFacts
from synth.attacking import attack_context
from synth.attacks import AttackFamily, make_attacks
from synth.graded import GradedAnswer, GradedQuestion

WORST = 20
HELD_OUT_SHARE = 0.3
"""At least this share of a question's graded answers is kept from the support."""


@dataclass(frozen=True)
class FalseRejection:
    """An honest answer that was turned away. `credit` is grade / max grade; `pulls` is empty when a guard did it."""

    question: str
    answer: str
    language: str
    family: str
    credit: float | None
    size: int
    relevance: float
    reason: str
    pulls: tuple[Pull, ...]


@dataclass(frozen=True)
class ScoredAnswers:
    """Columns over n judged texts, (n,) each.

    `relevance` is P(relevant); `guard` the name of the guard that turned the text away, or empty; `credit` the grade /
    max grade, NaN where nobody graded; `size` the number of graded answers the gate knew.
    """

    relevance: NDArray[np.float64]
    guard: NDArray[np.str_]
    rejected: NDArray[np.bool_]
    genuine: NDArray[np.bool_]
    family: NDArray[np.str_]
    language: NDArray[np.str_]
    credit: NDArray[np.float64]
    size: NDArray[np.int64]
    false_rejections: tuple[FalseRejection, ...]
    """The worst of them, warm and cold apart: the best graded first, then the lowest P(relevant)."""

    @property
    def score(self) -> NDArray[np.float64]:
        """P(relevant); where a guard turned the text away, below every threshold.

        Guards turn a negative away at any price: those are lower still than honest answers that guards take with them.
        """
        return np.where(self.guard == "", self.relevance, np.where(self.genuine, -1.0, -2.0))

    def regime(self, warm: bool) -> NDArray[np.bool_]:
        """Rows of warm questions, or of cold ones; those with a few graded answers are neither."""
        return self.size >= WARM_SIZE if warm else self.size == 0


def from_training(trained: TrainedGate, data: GateTrainingData, items: Sequence[GateQuestion]) -> ScoredAnswers:
    """Every row of the training data, scored by networks that never saw its question."""
    table = data.table
    calibration = trained.parts.calibration
    relevance = calibration.probabilities(trained.out_of_fold)
    thresholds = np.array([calibration.thresholds[regime_of(int(size))] for size in table.size])
    rejected = table.rejected | (relevance < thresholds)
    genuine = table.relevant
    credit = np.full(len(table), np.nan)
    for row in np.flatnonzero(genuine):
        question = items[table.source_question[row]]
        grade = text_of_source(question, int(table.source_row[row]))[1]
        credit[row] = np.nan if grade is None else grade / question.question.max_grade

    def described(row: int) -> FalseRejection:
        question = items[table.source_question[row]]
        pulls: list[Pull] = []
        if not table.rejected[row]:
            same = (table.question == table.question[row]) & (table.size == table.size[row]) & genuine & ~rejected
            honest = same if same.any() else genuine
            pulls = pulls_down(
                trained.fold_models[int(data.fold[row])],
                table.features[row],
                table.interactions[row],
                table.features[honest],
                table.interactions[honest],
            )
        return FalseRejection(
            question=question.question.text,
            answer=text_of_source(question, int(table.source_row[row]))[0],
            language=question.question.language,
            family=str(table.family[row]),
            credit=None if np.isnan(credit[row]) else float(credit[row]),
            size=int(table.size[row]),
            relevance=float(relevance[row]),
            reason=str(table.guard[row]) or IRRELEVANT,
            pulls=tuple(pulls),
        )

    identity = [(int(table.source_question[row]), int(table.source_row[row])) for row in range(len(table))]
    return ScoredAnswers(
        relevance=relevance,
        guard=table.guard,
        rejected=rejected,
        genuine=genuine,
        family=table.family,
        language=np.array([items[number].question.language for number in table.question]),
        credit=credit,
        size=table.size,
        false_rejections=_worst(genuine & rejected, credit, relevance, table.size, identity, described),
    )


def from_questions(
    gate: Gate,
    questions: Sequence[GradedQuestion],
    families: Sequence[AttackFamily],
    support: int = 25,
    per_question: int = 2,
    seed: int = 0,
    pool: Sequence[GradedQuestion] = (),
    progress: Callable[[int, int], None] | None = None,
) -> ScoredAnswers:
    """Honest answers and attacks, each judged warm (where there are enough graded answers) and cold.

    Args:
        support: graded answers the warm gate knows; HELD_OUT_SHARE of a question's answers are kept from it.
        pool: further questions whose answers attackers may borrow.
        progress: called with (questions done, questions in all).
    """
    known = {question.id for question in questions}
    lenders = [*questions, *(other for other in pool if other.id not in known)]
    rows: list[_Row] = []
    for done, question in enumerate(questions, 1):
        context = attack_context(question, lenders)
        honest_texts = {answer.text.strip() for answer in question.answers}
        attacks = [
            (family.name, attack.text)
            for family in families
            if family.supports(question.language)
            for attack in make_attacks(family, context, per_question, seed)
            if attack.text.strip() not in honest_texts
        ]
        for known_answers, honest in _divisions(question, support, seed):
            rows += _judged(gate.for_question(question, known_answers), honest, attacks)
        if progress:
            progress(done, len(questions))
    credit = np.array([np.nan if row.credit is None else row.credit for row in rows])
    relevance = np.array([row.relevance for row in rows])
    size = np.array([row.size for row in rows])
    genuine = np.array([is_genuine(row.family) for row in rows])
    rejected = np.array([row.reason is not None for row in rows])
    identity = [(row.judge.question.id, row.text) for row in rows]
    return ScoredAnswers(
        relevance=relevance,
        guard=np.array([row.reason if row.reason not in (None, IRRELEVANT) else "" for row in rows], dtype=np.str_),
        rejected=rejected,
        genuine=genuine,
        family=np.array([row.family for row in rows], dtype=np.str_),
        language=np.array([row.judge.question.language for row in rows], dtype=np.str_),
        credit=credit,
        size=size,
        false_rejections=_worst(
            genuine & rejected, credit, relevance, size, identity, lambda place: rows[place].described()
        ),
    )


@dataclass(frozen=True)
class _Row:
    judge: QuestionGate
    honest: tuple[str, ...]
    text: str
    family: str
    credit: float | None
    size: int
    relevance: float
    reason: str | None

    def described(self) -> FalseRejection:
        pulls = self._pulls() if self.reason == IRRELEVANT else []
        return FalseRejection(
            question=self.judge.question.text,
            answer=self.text,
            language=self.judge.question.language,
            family=self.family,
            credit=self.credit,
            size=self.size,
            relevance=self.relevance,
            reason=self.reason or "",
            pulls=tuple(pulls),
        )

    def _pulls(self) -> list[Pull]:
        judged = self.judge.judge([self.text, *self.honest])
        evidence = self.judge.evidence
        encoded = self.judge.gate.encoder.encode_deep(judged.texts, role="answer")
        inputs, beside = evidence.inputs([TextFacts.of(text) for text in judged.texts], encoded)
        passed = [row for row, verdict in enumerate(judged.verdicts) if row and not verdict.rejected]
        usual = passed or list(range(len(judged.texts)))
        return pulls_down(self.judge.gate.parts.models, inputs[0], beside[0], inputs[usual], beside[usual])


def _divisions(
    question: GradedQuestion, support: int, seed: int
) -> list[tuple[tuple[GradedAnswer, ...], tuple[GradedAnswer, ...]]]:
    """(known, honest) answers: cold, and warm when there are enough."""
    answers = question.answers
    divisions: list[tuple[tuple[GradedAnswer, ...], tuple[GradedAnswer, ...]]] = [((), answers)] if answers else []
    size = min(support, len(answers) - int(np.ceil(HELD_OUT_SHARE * len(answers))))
    if size >= WARM_SIZE:
        order = np.random.default_rng([seed, zlib.crc32(question.id.encode())]).permutation(len(answers))
        divisions.append(
            (tuple(answers[row] for row in sorted(order[:size])), tuple(answers[row] for row in sorted(order[size:])))
        )
    return divisions


def _judged(judge: QuestionGate, honest: Sequence[GradedAnswer], attacks: Sequence[tuple[str, str]]) -> list[_Row]:
    texts = [*(answer.text for answer in honest), *(text for _, text in attacks)]
    names = [*([GENUINE] * len(honest)), *(name for name, _ in attacks)]
    credits_ = [*(answer.grade / judge.question.max_grade for answer in honest), *([None] * len(attacks))]
    honest_texts = tuple(answer.text for answer in honest)
    return [
        _Row(judge, honest_texts, text, name, credit, len(judge.support), verdict.relevance, verdict.reason)
        for text, name, credit, verdict in zip(texts, names, credits_, judge.judge(texts).verdicts, strict=True)
    ]


def _worst(
    wanted: NDArray[np.bool_],
    credit: NDArray[np.float64],
    relevance: NDArray[np.float64],
    size: NDArray[np.int64],
    identity: Sequence[tuple[object, object]],
    described: Callable[[int], FalseRejection],
) -> tuple[FalseRejection, ...]:
    """WORST of each regime, a text once."""
    chosen: list[FalseRejection] = []
    for regime in (size >= WARM_SIZE, size == 0):
        rows = np.flatnonzero(wanted & regime)
        order = rows[np.lexsort((relevance[rows], -np.nan_to_num(credit[rows], nan=0.0)))]
        first: dict[tuple[object, object], int] = {}
        for row in order:
            first.setdefault(identity[row], int(row))
        chosen += [described(row) for row in list(first.values())[:WORST]]
    return tuple(chosen)
