"""The baseline: give an answer the feedback that the most similar answer got. Hard to beat where answers repeat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from encoders import Encoder
from grader.feedback.data import FeedbackRow

GRADE_WEIGHT = 0.2
"""What a grade of 0 instead of full marks costs, in cosine similarity."""


class FeedbackCopier:
    """Copies from rows with feedback, from the same question where it has any.

    Args:
        grades: prefer answers with a grade near the predicted one; without, only the text counts.
    """

    def __init__(self, rows: Sequence[FeedbackRow], encoder: Encoder, grades: bool = True) -> None:
        self._rows = [row for row in rows if row.feedback]
        if not self._rows:
            raise ValueError("no row has feedback that could be copied")
        self._encoder, self._grades = encoder, grades
        self._vectors = encoder.encode([row.answer for row in self._rows], role="answer")
        self._shares = np.array([row.grade / row.max_grade for row in self._rows])
        self._questions = np.array([row.question for row in self._rows])

    def write(self, rows: Sequence[FeedbackRow]) -> list[str]:
        """Feedback for every row."""
        closeness = self._encoder.encode([row.answer for row in rows], role="answer") @ self._vectors.T
        written = []
        for row, near in zip(rows, closeness, strict=True):
            score = near.astype(np.float64)
            if self._grades:
                score -= GRADE_WEIGHT * np.abs(self._shares - row.grade / row.max_grade)
            same = self._questions == row.question
            if same.any():
                score[~same] = -np.inf
            written.append(self._rows[int(score.argmax())].feedback)
        return written
