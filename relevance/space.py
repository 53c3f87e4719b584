"""A projection that opens the encoder's narrow cone and takes the language out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

LANGUAGE_DIRECTIONS = 12
"""At most this many directions in which languages differ are removed."""


@dataclass(frozen=True)
class Space:
    """Centred per role, without the directions in which languages differ, on rescaled principal axes.

    `question_mean`, `answer_mean`: (d,); `axes`: (d, k); `question_cohort`, `answer_cohort`: (m, k) unit points of the
    training questions and of the centres of their honest answers, which other answers are held against.
    """

    question_mean: Vectors
    answer_mean: Vectors
    axes: Vectors
    question_cohort: Vectors
    answer_cohort: Vectors

    @classmethod
    def fit(cls, questions: Vectors, answers: Sequence[Vectors], languages: Sequence[str], dimensions: int) -> Space:
        """Fit to (n, d) question vectors, each question's (a, d) honest answers, and their languages."""
        stacked = np.vstack(answers).astype(np.float64)
        tongue = np.repeat(np.asarray(languages), [len(rows) for rows in answers])
        mean = stacked.mean(axis=0)
        names = sorted(set(languages))
        centres = np.array([stacked[tongue == name].mean(axis=0) for name in names])
        _, _, directions = np.linalg.svd(centres - centres.mean(axis=0), full_matrices=False)
        between = directions[: min(LANGUAGE_DIRECTIONS, len(names) - 1)]
        within = stacked - centres[np.searchsorted(names, tongue)]
        within -= (within @ between.T) @ between
        values, axes = np.linalg.eigh(within.T @ within / len(within))
        order = np.argsort(values)[::-1][: min(dimensions, len(within), stacked.shape[1] - len(between))]
        # A square root between plain and full whitening: full whitening makes noise of the last axes.
        scale = 1.0 / np.sqrt(np.sqrt(np.maximum(values[order], 1e-9) * values[order[0]]))
        space = cls(
            questions.mean(axis=0),
            mean.astype(np.float32),
            np.ascontiguousarray(axes[:, order] * scale, dtype=np.float32),
            np.zeros((0, len(order)), dtype=np.float32),
            np.zeros((0, len(order)), dtype=np.float32),
        )
        centroids = np.array([space.answers(rows).mean(axis=0) for rows in answers])
        return cls(space.question_mean, space.answer_mean, space.axes, space.questions(questions), unit(centroids))

    def answers(self, vectors: Vectors) -> Vectors:
        """(n, d) answer vectors -> (n, k) unit vectors."""
        return unit((vectors - self.answer_mean) @ self.axes)

    def questions(self, vectors: Vectors) -> Vectors:
        """(n, d) question vectors -> (n, k) unit vectors."""
        return unit((vectors - self.question_mean) @ self.axes)


def unit(vectors: NDArray[np.floating]) -> Vectors:
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norm, 1e-9), dtype=np.float32)
