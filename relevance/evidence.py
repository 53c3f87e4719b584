"""What a gate knows of a question, and the features of an answer against it.

Base features compare one answer with the question, the references and the graded answers (the support). Each is also
standardised by the support's own leave-one-out values, so that "near" means near for this question. All of them are
invariant to the order of the support.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from relevance.background import LanguageBackground, letter_runs
from relevance.space import Space, Vectors, unit
from synth.text import folded_words, longest_common_run

Matrix = NDArray[np.float64]

SAME_TOPIC = 0.5
"""Cohort questions at least this similar to a question are taken to be about the same thing."""
COHORT_NEAREST = 5

GRAM = 4
"""Characters of the n-grams that texts are compared by."""
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


@dataclass(frozen=True)
class TextFacts:
    """The lexical side of a text, computed once."""

    words: list[str]
    runs: list[str]
    grams: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    characters: int
    digits: int
    marks: int
    commas: int

    @classmethod
    def of(cls, text: str) -> TextFacts:
        """Facts of a cleaned text."""
        found = folded_words(text)
        return cls(
            words=found,
            runs=letter_runs(text),
            grams=_grams(found),
            pairs=frozenset(itertools.pairwise(found)),
            characters=max(1, len(text)),
            digits=sum(map(str.isdigit, text)),
            marks=len(text) - sum(map(str.isalnum, text)) - sum(map(str.isspace, text)),
            commas=sum(map(text.count, ",،、，;；/")),
        )


def _grams(words: Sequence[str]) -> frozenset[str]:
    joined = f" {' '.join(words)} "
    return frozenset([joined[start : start + GRAM] for start in range(max(1, len(joined) - GRAM + 1))])


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
    def _leave_one_out(self) -> tuple[Matrix, Matrix]:
        """Mean and spread, (F,) each, of the support's own base features, every answer compared with the others."""
        own = self._base(self.support, self.support_vectors, leave_out=True)
        # A spread of a handful of answers is shrunk upwards, or every new answer would be an outlier.
        spread = np.sqrt((own.var(axis=0) * len(own) + 2.0 * _TYPICAL_SPREAD**2) / (len(own) + 1.0))
        return own.mean(axis=0), spread

    def features(self, answers: Sequence[TextFacts], rows: Vectors) -> Matrix:
        """Of answers' facts and deep rows, (n, 2 F + 3).

        Base features, standardised ones (0 with little support), and what there was to compare with.
        """
        base = self._base(answers, rows[:, : self.space.dimension], leave_out=False)
        size = len(self.support)
        if size >= MIN_STANDARDISED:
            mean, spread = self._leave_one_out
            standardised = np.clip((base - mean) / spread, -8.0, 8.0)
        else:
            standardised = np.zeros_like(base)
        known = np.array([np.log1p(size), float(len(self.reference_vectors) > 0), float(size >= MIN_STANDARDISED)])
        return np.hstack([base, standardised, np.tile(known, (len(base), 1))])

    def interactions(self, rows: Vectors) -> Vectors:
        """Of deep rows, (n, 4 k + 2 l j): meeting points of answer and question that the model weighs itself.

        The answer, its products with the question and with the centre of the support, its residual; and of each inner
        layer the answer and its product with the question.
        """
        points = self.space.answers(rows)
        target = self._target_point
        residual = unit(points - (points @ self.question_point)[:, None] * self.question_point)
        scale = np.float32(np.sqrt(points.shape[1]))
        parts = [points, points * self.question_point * scale, points * target * scale, residual]
        inner = self.space.inner_answers(rows)
        inner_scale = np.float32(np.sqrt(self.space.inner_axes.shape[2]))
        inner_parts = [inner * inner_scale, inner * self.question_inner * inner_scale**2]
        return np.asarray(np.hstack([np.hstack(parts) * scale, *inner_parts]), dtype=np.float32)

    @cached_property
    def _target_point(self) -> Vectors:
        """Where right and honest answers lie: centre of support and references, or the question when there are none."""
        near = [points for points in (self.support_points, self.reference_points) if len(points)]
        centre: Vectors = np.vstack(near).mean(axis=0) if near else self.question_point
        return unit(centre)

    def _base(self, answers: Sequence[TextFacts], vectors: Vectors, leave_out: bool) -> Matrix:
        points = self.space.answers(vectors)
        rows = np.zeros((len(answers), len(BASE_FEATURES)))
        rows[:, 0] = vectors @ self.question_vector
        rows[:, 1] = points @ self.question_point
        if len(self.reference_vectors):
            rows[:, 2] = (vectors @ self.reference_vectors.T).max(axis=1)
            rows[:, 3] = (points @ self.reference_points.T).max(axis=1)
        if len(self.support) > int(leave_out):
            rows[:, 4:13] = self._support_similarities(vectors, points, leave_out)
        rows[:, 13:17] = self._residuals(points, leave_out)
        rows[:, 17:19] = self._against_cohort(points, self._target_point, self._other_answers)
        rows[:, 19:21] = self._against_cohort(points, self.question_point, self._other_questions)
        for row, facts in zip(rows[:, 21:], answers, strict=True):
            row[:] = self._lexical(facts, leave_out)
        return rows

    def _support_similarities(self, vectors: Vectors, points: Vectors, leave_out: bool) -> Matrix:
        cosine = vectors @ self.support_vectors.T
        centred = np.asarray(points @ self.support_points.T)
        if leave_out:
            np.fill_diagonal(cosine, -np.inf)
            np.fill_diagonal(centred, -np.inf)
        credited = self.support_credit > 0
        lowest = centred.min(axis=1, where=np.isfinite(centred), initial=1.0)
        best_credited = _best(centred, credited, lowest)
        best_uncredited = _best(centred, ~credited, lowest)
        total = self.support_points.sum(axis=0)
        centroid = (points @ total - leave_out) / (len(self.support) - leave_out)
        return np.column_stack(
            [
                _top(cosine, 1),
                _top(cosine, 3),
                np.where(np.isfinite(cosine), cosine, 0.0).sum(axis=1) / (len(self.support) - leave_out),
                _top(centred, 1),
                _top(centred, 3),
                centroid,
                best_credited,
                best_uncredited,
                best_credited - best_uncredited,
            ]
        )

    def _residuals(self, points: Vectors, leave_out: bool) -> Matrix:
        """Similarities after the question's direction is removed: what the answer says beyond the question."""
        rows = np.zeros((len(points), 4))
        rest = points - (points @ self.question_point)[:, None] * self.question_point
        norm = np.linalg.norm(rest, axis=1)
        rows[:, 0] = norm
        if len(self.support) <= int(leave_out):
            return rows
        rest = rest / np.maximum(norm, 1e-6)[:, None]
        own = unit(self.support_points - (self.support_points @ self.question_point)[:, None] * self.question_point)
        similarity = rest @ own.T
        if leave_out:
            np.fill_diagonal(similarity, -np.inf)
        finite = np.isfinite(similarity)
        rows[:, 1] = np.where(finite, similarity, 0.0).sum(axis=1) / finite.sum(axis=1)
        rows[:, 2] = _top(similarity, 1)
        rows[:, 3] = _top(similarity, 3)
        return rows

    @cached_property
    def _other_answers(self) -> Vectors:
        return _unlike(self.space.answer_cohort, self._target_point)

    @cached_property
    def _other_questions(self) -> Vectors:
        return _unlike(self.space.question_cohort, self.question_point)

    def _against_cohort(self, points: Vectors, target: Vectors, others: Vectors) -> Matrix:
        """Is the answer closer to other questions than to this one?

        Cohort normalisation as in speaker verification (Auckenthaler et al. 2000): the similarity to the target less
        the mean of the five nearest other questions, and the share of other questions that are nearer. Questions like
        this one are left out of the cohort, for they are no evidence against it.
        """
        if len(others) < COHORT_NEAREST:
            return np.zeros((len(points), 2))
        similarity = points @ others.T
        own = points @ target
        nearest = np.sort(similarity, axis=1)[:, -COHORT_NEAREST:].mean(axis=1)
        return np.column_stack([own - nearest, (similarity > own[:, None]).mean(axis=1)])

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
            float(np.log1p(len(facts.words))),
            len(distinct) / count,
            sum(map(len, facts.words)) / count,
            facts.digits / facts.characters,
            facts.marks / facts.characters,
            facts.commas / count,
            float((commonness > _COMMON).mean()) if len(commonness) else 0.0,
            float(commonness.mean()) if len(commonness) else 0.0,
            self.background.surprise(tuple(facts.runs[:100])),
            self.background.surprise(tuple(new[:100])),
            len(new) / count,
            float(familiarity.mean()) if len(familiarity) else 0.0,
            float((familiarity == 0).mean()) if len(familiarity) else 0.0,
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


def _top(similarity: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Mean of the `count` highest finite values of each row."""
    available = min(count, int(np.isfinite(similarity[0]).sum()))
    return np.asarray(np.sort(similarity, axis=1)[:, ::-1][:, :available].mean(axis=1), dtype=np.float32)


def _best(similarity: NDArray[np.float32], columns: NDArray[np.bool_], fallback: NDArray[np.float32]) -> Matrix:
    if not columns.any():
        return fallback.astype(np.float64)
    best = similarity[:, columns].max(axis=1)
    return np.where(np.isfinite(best), best, fallback).astype(np.float64)
