"""What a gate knows of a question, and the features of an answer against it.

Base features compare one answer with the question, the references and the graded answers (the support). Each is also
standardised by the support's own leave-one-out values, so that "near" means near for this question. All of them are
invariant to the order of the support.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from relevance.background import LanguageBackground
from relevance.space import Space, Vectors, unit
from relevance.text_facts import TextFacts
from synth.text import longest_common_run

Matrix = NDArray[np.float64]

SAME_TOPIC = 0.5
"""Cohort questions at least this similar to a question are taken to be about the same thing."""
COHORT_NEAREST = 5

MIN_STANDARDISED = 4
"""Fewer graded answers than this say too little about their own spread."""

BASE_FEATURES = (
    "cosine_question",
    "centred_question",
    "cosine_reference",
    "centred_reference",
    "nearest",
    "nearest_three",
    "mean_similarity",
    "centred_nearest",
    "centred_nearest_three",
    "centred_centroid",
    "nearest_credited",
    "nearest_uncredited",
    "credit_difference",
    "residual_norm",
    "residual_centroid",
    "residual_nearest",
    "residual_nearest_three",
    "cohort_margin",
    "cohort_closer",
    "question_cohort_margin",
    "question_cohort_closer",
    "words_from_question",
    "question_words_used",
    "run_from_question",
    "grams_from_question",
    "grams_from_support",
    "pairs_from_support",
    "words_from_support",
    "log_words",
    "distinct_words",
    "mean_word_length",
    "digit_share",
    "mark_share",
    "comma_share",
    "common_share",
    "mean_commonness",
    "surprise",
    "new_word_surprise",
    "new_word_share",
    "familiar_pairs",
    "strange_pairs",
)
_CREDIT = slice(BASE_FEATURES.index("nearest_credited"), BASE_FEATURES.index("credit_difference") + 1)
CREDIT_COLUMNS = np.arange(2 * len(BASE_FEATURES)).reshape(2, -1)[:, _CREDIT].ravel()
"""Features that depend on which graded answers earned anything. All others depend on the answers' texts alone."""


class Evidence:
    """Everything known of one question, ready to compare answers with.

    Args:
        question: cleaned text of the question; `question_row`: its row of `Encoder.encode_deep`, (d + l d,).
        references, reference_rows: reference answers, (r, d + l d).
        support, support_rows, support_credit: graded answers' facts, (s, d + l d), and grades / max grade in 0 … 1,
            (s,).
    """

    def __init__(
        self,
        space: Space,
        background: LanguageBackground,
        question: str,
        question_row: Vectors,
        references: Sequence[str],
        reference_rows: Vectors,
        support: Sequence[TextFacts],
        support_rows: Vectors,
        support_credit: NDArray[np.float64],
    ) -> None:
        self.space = space
        self.background = background
        self.question_facts = TextFacts.of(question)
        self.question_vector = question_row[: space.dimension]
        self.reference_facts = [TextFacts.of(reference) for reference in references]
        self.reference_vectors = reference_rows[:, : space.dimension]
        self.support = list(support)
        self.support_vectors = support_rows[:, : space.dimension]
        self.support_credit = support_credit
        self.question_point = space.questions(question_row[None])[0]
        self.question_inner = space.inner_questions(question_row[None])[0]
        self.reference_points = space.answers(reference_rows)
        self.support_points = space.answers(support_rows)
        self._known_counts: dict[str, int] = {}
        self._gram_counts: dict[str, int] = {}
        self._pair_counts: dict[tuple[str, str], int] = {}
        for facts in [*self.support, *self.reference_facts]:
            for word in set(facts.words):
                self._known_counts[word] = self._known_counts.get(word, 0) + 1
            for gram in facts.grams:
                self._gram_counts[gram] = self._gram_counts.get(gram, 0) + 1
            for pair in facts.pairs:
                self._pair_counts[pair] = self._pair_counts.get(pair, 0) + 1

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(self.question_facts.words)

    @cached_property
    def _known(self) -> tuple[_Known, _Known]:
        """Words, n-grams and word pairs that support and references use at all, and those that several of them use."""
        return _Known.of(self, 0), _Known.of(self, 1)

    @cached_property
    def _own(self) -> tuple[Matrix, Vectors]:
        return self._base(self.support, self.support_vectors, self.support_points, leave_out=True)

    @cached_property
    def _leave_one_out(self) -> tuple[Matrix, Matrix]:
        """Mean and spread, (F,) each, of the support's own base features, every answer compared with the others."""
        lasting, similarities = self._own
        own = lasting.copy()
        own[:, _CREDIT] = self._by_credit(similarities, leave_out=True)
        # A spread of a handful of answers is shrunk upwards, or every new answer would be an outlier.
        spread = np.sqrt((own.var(axis=0) * len(own) + 2.0 * _TYPICAL_SPREAD**2) / (len(own) + 1.0))
        return own.mean(axis=0), spread

    def inputs(self, answers: Sequence[TextFacts], rows: Vectors) -> tuple[Vectors, Vectors]:
        """What the model reads of answers' facts and deep rows, (n, d + l d): features and interactions.

        Features, (n, 2 F + 3): base features, standardised ones (0 with little support), and what there was to compare
        with. Interactions, (n, 4 k + 2 l j), are meeting points of answer and question that the model weighs itself:
        the answer, its products with the question and with the centre of the support, its residual; and of each inner
        layer the answer and its product with the question.
        """
        features, interactions, similarities = self.lasting_inputs(answers, rows)
        features[:, CREDIT_COLUMNS] = self.credit_inputs(similarities)
        return features, interactions

    def lasting_inputs(self, answers: Sequence[TextFacts], rows: Vectors) -> tuple[Vectors, Vectors, Vectors]:
        """`inputs` with zeros in the `CREDIT_COLUMNS`, and what `credit_inputs` makes those of, (n, s)."""
        points = self.space.answers(rows)
        base, similarities = self._base(answers, rows[:, : self.space.dimension], points, leave_out=False)
        count, size = base.shape[1], len(self.support)
        features = np.zeros((len(base), 2 * count + 3), dtype=np.float32)
        features[:, :count] = base
        if size >= MIN_STANDARDISED:
            mean, spread = self._leave_one_out
            features[:, count:-3] = np.clip((base - mean) / spread, -8.0, 8.0)
        features[:, -3:] = math.log1p(size), len(self.reference_vectors) > 0, size >= MIN_STANDARDISED
        features[:, CREDIT_COLUMNS] = 0.0
        return features, self._interactions(points, rows), similarities

    def credit_inputs(self, similarities: Vectors) -> Vectors:
        """(n, 6) `CREDIT_COLUMNS` of `inputs`, for answers with these similarities to the support, (n, s)."""
        found = np.zeros((len(similarities), len(CREDIT_COLUMNS)), dtype=np.float32)
        if self.support:
            base = self._by_credit(similarities, leave_out=False)
            found[:, : base.shape[1]] = base
            if len(self.support) >= MIN_STANDARDISED:
                mean, spread = self._leave_one_out
                found[:, base.shape[1] :] = np.clip((base - mean[_CREDIT]) / spread[_CREDIT], -8.0, 8.0)
        return found

    def regraded(self, support_credit: NDArray[np.float64]) -> Evidence:
        """The same texts with other grades; what does not depend on grades is shared."""
        other = copy.copy(self)
        other.support_credit = support_credit
        for name in ("_by_being_credited", "_leave_one_out"):
            other.__dict__.pop(name, None)
        return other

    def _interactions(self, points: Vectors, rows: Vectors) -> Vectors:
        residual = unit(points - (points @ self.question_point)[:, None] * self.question_point)
        inner = self.space.inner_answers(rows)
        met = [points, points, points, residual, inner, inner]
        return np.concatenate(met, axis=1, dtype=np.float32) * self._weights

    @cached_property
    def _weights(self) -> Vectors:
        """What each part of the interactions is multiplied by. Coordinates of unit vectors are scaled to about 1."""
        ones = np.ones(len(self.question_point), dtype=np.float32)
        scale = np.float32(np.sqrt(len(ones)))
        inner_ones = np.ones(len(self.question_inner), dtype=np.float32)
        inner_scale = np.float32(np.sqrt(self.space.inner_axes.shape[2]))
        parts = [ones, self.question_point * scale, self._target_point * scale, ones]
        inner_parts = [inner_ones, self.question_inner * inner_scale]
        return np.concatenate([np.concatenate(parts) * scale, np.concatenate(inner_parts) * inner_scale])

    @cached_property
    def _target_point(self) -> Vectors:
        """Where right and honest answers lie: centre of support and references, or the question when there are none."""
        near = [points for points in (self.support_points, self.reference_points) if len(points)]
        centre: Vectors = np.vstack(near).mean(axis=0) if near else self.question_point
        return unit(centre)

    @cached_property
    def _compared(self) -> tuple[Vectors, ...]:
        """Groups of points that an answer's is compared with: support, what it says beyond the question, references,
        and the cohort's answers and questions."""
        along = self.support_points @ self.question_point
        own = unit(self.support_points - along[:, None] * self.question_point)
        cohort = (
            _unlike(self.space.answer_cohort, self._target_point),
            _unlike(self.space.question_cohort, self.question_point),
        )
        return self.support_points, own, self.reference_points, *cohort

    @cached_property
    def _directions(self) -> Vectors:
        """(3 + m, k): question, target, sum of the support, then all of `_compared`, for a single product."""
        alone = (self.question_point, self._target_point, self.support_points.sum(axis=0))
        return np.vstack([*alone, *self._compared])

    @cached_property
    def _vectors(self) -> Vectors:
        """(1 + s + r, d): every vector an answer's is compared with: question, support, references."""
        return np.vstack([self.question_vector[None], self.support_vectors, self.reference_vectors])

    def _base(
        self, answers: Sequence[TextFacts], vectors: Vectors, points: Vectors, leave_out: bool
    ) -> tuple[Matrix, Vectors]:
        """(n, F) base features without those of credit, and similarities to the support, (n, s)."""
        size = len(self.support)
        cosine = vectors @ self._vectors.T
        centred = points @ self._directions.T
        along, to_target, to_total = centred[:, 0], centred[:, 1], centred[:, 2]
        ends = itertools.accumulate(map(len, self._compared), initial=0)
        to_support, to_own, to_references, to_answers, to_questions = (
            centred[:, 3 + start : 3 + end] for start, end in itertools.pairwise(ends)
        )
        rows = np.zeros((len(answers), len(BASE_FEATURES)))
        rows[:, 0] = cosine[:, 0]
        rows[:, 1] = along
        if len(self.reference_vectors):
            rows[:, 2] = cosine[:, 1 + size :].max(axis=1)
            rows[:, 3] = to_references.max(axis=1)
        # What the answer says beyond the question: its part across the question's direction.
        across = np.sqrt(np.maximum(1.0 - along.astype(np.float64) ** 2, 1e-12))
        rows[:, 13] = across
        others = size - int(leave_out)
        if others > 0:
            near = _nearest(cosine[:, 1 : 1 + size], leave_out)
            rows[:, 4:7] = near.T
            near = _nearest(to_support, leave_out)
            rows[:, 7:9] = near[:2].T
            rows[:, 9] = (to_total - int(leave_out)) / others
            rows[:, 14:17] = (_nearest(to_own, leave_out)[[2, 0, 1]] / across).T
        rows[:, 17:19] = _against_cohort(to_target, to_answers)
        rows[:, 19:21] = _against_cohort(along, to_questions)
        for row, facts in zip(rows[:, 21:], answers, strict=True):
            row[:] = self._lexical(facts, leave_out)
        return rows, to_support

    def _by_credit(self, similarity: NDArray[np.float32], leave_out: bool) -> Matrix:
        """Similarity (n, s) to the nearest answer with a grade above 0, the nearest without, and the difference."""
        if leave_out:
            similarity = similarity.copy()
            np.fill_diagonal(similarity, np.inf)
            lowest = similarity.min(axis=1)
            np.fill_diagonal(similarity, -np.inf)
        else:
            lowest = similarity.min(axis=1)
        found = np.empty((len(similarity), 3))
        for column, places in enumerate(self._by_being_credited):
            best = similarity[:, places].max(axis=1, initial=-np.inf)
            found[:, column] = np.where(best > -np.inf, best, lowest)
        found[:, 2] = found[:, 0] - found[:, 1]
        return found

    @cached_property
    def _by_being_credited(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return np.flatnonzero(self.support_credit > 0), np.flatnonzero(self.support_credit <= 0)

    def _lexical(self, facts: TextFacts, leave_out: bool) -> list[float]:
        question = self.question_facts
        count = max(1, len(facts.words))
        distinct = set(facts.words)
        asked = self._asked
        seen = self._known[leave_out]
        known = distinct & seen.words
        new = [word for word in facts.words if word not in known and word not in asked]
        grams = max(1, len(facts.grams))
        commonness = self.background.commonness(facts.words)
        familiarity = self.background.familiarity(facts.words[:400])
        run = longest_common_run(facts.words[:200], question.words)[2]
        return [
            sum(map(asked.__contains__, facts.words)) / count,
            len(asked & distinct) / max(1, len(asked)),
            run / count,
            len(facts.grams & question.grams) / grams,
            len(facts.grams & seen.grams) / grams,
            len(facts.pairs & seen.pairs) / max(1, len(facts.pairs)),
            sum(map(known.__contains__, facts.words)) / count,
            math.log1p(len(facts.words)),
            len(distinct) / count,
            sum(map(len, facts.words)) / count,
            facts.digits / facts.characters,
            facts.marks / facts.characters,
            facts.commas / count,
            np.count_nonzero(commonness > _COMMON) / count,
            float(commonness.sum()) / count,
            *self.background.surprise(facts.runs[:100], new[:100]),
            len(new) / count,
            float(familiarity.sum()) / max(1, len(familiarity)),
            np.count_nonzero(familiarity == 0) / max(1, len(familiarity)),
        ]


@dataclass(frozen=True)
class _Known:
    """What more than some number of support and reference texts use."""

    words: frozenset[str]
    grams: frozenset[str]
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, evidence: Evidence, texts: int) -> _Known:
        return cls(
            frozenset(word for word, count in evidence._known_counts.items() if count > texts),
            frozenset(gram for gram, count in evidence._gram_counts.items() if count > texts),
            frozenset(pair for pair, count in evidence._pair_counts.items() if count > texts),
        )


def _unlike(cohort: Vectors, target: Vectors) -> Vectors:
    """Questions that are not about the same thing: only they are evidence against an answer."""
    return np.asarray(cohort[cohort @ target < SAME_TOPIC])


_COMMON = float(np.log(30.0))
# A word of this background count is a function word or close to it, in a language the background has seen.
# Spreads of the base features over genuine answers of one question, as orders of magnitude: only a floor.
_TYPICAL_SPREAD = np.array(
    [
        *(
            0.02,
            0.1,
            0.02,
            0.1,
            0.02,
            0.02,
            0.02,
            0.1,
            0.1,
            0.1,
            0.1,
            0.1,
            0.1,
            0.02,
            0.1,
            0.1,
            0.1,
            0.1,
            0.05,
            0.1,
            0.05,
        ),
        *(0.15, 0.15, 0.1, 0.1, 0.15, 0.1, 0.15, 0.5, 0.1, 1.0, 0.05, 0.03, 0.05, 0.15, 0.7, 0.7, 0.7, 0.2, 0.7, 0.2),
    ]
)


def _nearest(similarity: NDArray[np.float32], leave_out: bool) -> NDArray[np.float32]:
    """(3, n) of similarities (n, s): the highest, the mean of the three highest, the mean of all.

    Args:
        leave_out: The rows are the columns' own: each leaves out itself.
    """
    count = similarity.shape[1] - int(leave_out)
    if leave_out:
        similarity = similarity.copy()
        np.fill_diagonal(similarity, -np.inf)
    ordered = np.sort(similarity, axis=1)[:, ::-1][:, :count]
    top = min(3, count)
    return np.stack([ordered[:, 0], ordered[:, :top].sum(axis=1) / top, ordered.sum(axis=1) / count])


def _against_cohort(own: NDArray[np.float32], others: NDArray[np.float32]) -> Matrix:
    """Is an answer closer to other questions, (n, m) similarities, than to this one, (n,)?

    Cohort normalisation as in speaker verification (Auckenthaler et al. 2000): the similarity to the target less the
    mean of the five nearest other questions, and the share of other questions that are nearer. Questions like this one
    are left out of the cohort, for they are no evidence against it.
    """
    count = others.shape[1]
    if count < COHORT_NEAREST:
        return np.zeros((len(own), 2))
    nearest = np.partition(others, count - COHORT_NEAREST, axis=1)[:, -COHORT_NEAREST:].sum(axis=1) / COHORT_NEAREST
    return np.column_stack([own - nearest, np.count_nonzero(others > own[:, None], axis=1) / count])
