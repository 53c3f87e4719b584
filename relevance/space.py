"""Projections that open the encoder's narrow cone: what a text says, and how it is put."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

DIMENSIONS = 64
INNER_DIMENSIONS = 128
LANGUAGE_DIRECTIONS = 12
"""At most this many directions in which languages differ are removed."""


@dataclass(frozen=True)
class Space:
    """Centred per role, without the directions in which languages differ, on rescaled principal axes.

    Its vectors are rows of `Encoder.encode_deep`: the vector (d,), and a vector (d,) of each of l inner layers.

    `question_mean`, `answer_mean`: (d,); `axes`: (d, k); `question_cohort`, `answer_cohort`: (m, k) unit points of the
    training questions and of the centres of their honest answers, which other answers are held against.
    `inner_question_mean`, `inner_answer_mean`: (l, d); `inner_axes`: (l, d, j), each layer's own.
    """

    question_mean: Vectors
    answer_mean: Vectors
    axes: Vectors
    question_cohort: Vectors
    answer_cohort: Vectors
    inner_question_mean: Vectors
    inner_answer_mean: Vectors
    inner_axes: Vectors

    @classmethod
    def fit(cls, questions: Vectors, answers: Sequence[Vectors], languages: Sequence[str], dimension: int) -> Space:
        """Fit to (n, d + l d) deep rows of questions, those of each question's honest answers, and their languages.

        Args:
            dimension: d, the length of the encoder's vectors.
        """
        stacked = np.vstack(answers)
        tongue = np.repeat(np.asarray(languages), [len(rows) for rows in answers])
        mean = stacked.mean(axis=0, dtype=np.float64)
        question_mean = questions.mean(axis=0, dtype=np.float64)
        layers = [slice(at, at + dimension) for at in range(dimension, stacked.shape[1], dimension)]
        axes = _principal_axes(_within_languages(stacked[:, :dimension].astype(np.float64), tongue), DIMENSIONS)
        inner = [_principal_axes(stacked[:, part] - mean[part], INNER_DIMENSIONS) for part in layers]
        without_cohort = cls(
            question_mean=question_mean[:dimension].astype(np.float32),
            answer_mean=mean[:dimension].astype(np.float32),
            axes=axes,
            question_cohort=np.zeros((0, axes.shape[1]), dtype=np.float32),
            answer_cohort=np.zeros((0, axes.shape[1]), dtype=np.float32),
            inner_question_mean=question_mean[dimension:].reshape(-1, dimension).astype(np.float32),
            inner_answer_mean=mean[dimension:].reshape(-1, dimension).astype(np.float32),
            inner_axes=np.array(inner, dtype=np.float32).reshape(len(layers), dimension, -1),
        )
        centroids = np.array([without_cohort.answers(rows).mean(axis=0) for rows in answers])
        return replace(
            without_cohort, question_cohort=without_cohort.questions(questions), answer_cohort=unit(centroids)
        )

    @property
    def dimension(self) -> int:
        """d, the length of the encoder's vectors."""
        return len(self.answer_mean)

    def answers(self, rows: Vectors) -> Vectors:
        """(n, >= d) answers' rows -> (n, k) unit vectors."""
        return unit((rows[:, : self.dimension] - self.answer_mean) @ self.axes)

    def questions(self, rows: Vectors) -> Vectors:
        """(n, >= d) questions' rows -> (n, k) unit vectors."""
        return unit((rows[:, : self.dimension] - self.question_mean) @ self.axes)

    def inner_answers(self, rows: Vectors) -> Vectors:
        """(n, d + l d) answers' deep rows -> (n, l j): a unit vector for each inner layer."""
        return self._inner(rows, self.inner_answer_mean)

    def inner_questions(self, rows: Vectors) -> Vectors:
        """(n, d + l d) questions' deep rows -> (n, l j)."""
        return self._inner(rows, self.inner_question_mean)

    def _inner(self, rows: Vectors, mean: Vectors) -> Vectors:
        layers = rows[:, self.dimension :].reshape(len(rows), -1, self.dimension) - mean
        points = unit(np.matmul(layers.swapaxes(0, 1), self.inner_axes))
        return points.swapaxes(0, 1).reshape(len(rows), -1)


def _within_languages(rows: NDArray[np.float64], languages: NDArray[np.str_]) -> NDArray[np.float64]:
    """Each row less its language's mean, and less the directions in which those means differ."""
    names = sorted(set(languages.tolist()))
    centres = np.array([rows[languages == name].mean(axis=0) for name in names])
    _, _, directions = np.linalg.svd(centres - centres.mean(axis=0), full_matrices=False)
    between = directions[: min(LANGUAGE_DIRECTIONS, len(names) - 1)]
    within = rows - centres[np.searchsorted(names, languages)]
    return np.asarray(within - (within @ between.T) @ between)


def _principal_axes(rows: NDArray[np.float64], count: int) -> Vectors:
    """(d, k) principal axes of centred rows, rescaled between plain and full whitening: full makes noise of the last.

    Directions without any spread are left out.
    """
    values, axes = np.linalg.eigh(rows.T @ rows / len(rows))
    order = np.argsort(values)[::-1][: min(count, len(rows))]
    order = order[values[order] > 1e-9 * values[order[0]]]
    scale = 1.0 / np.sqrt(np.sqrt(values[order] * values[order[0]]))
    return np.ascontiguousarray(axes[:, order] * scale, dtype=np.float32)


def unit(vectors: NDArray[np.floating]) -> Vectors:
    norm = np.sqrt(np.vecdot(vectors, vectors))[..., None]
    return np.asarray(vectors / np.maximum(norm, 1e-9), dtype=np.float32)
