"""What a student sees of an answer: hashed letters and words, and how they meet question and reference. No encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from grader import answers
from grader.answers import word_signals
from grader.lexical import lexical_vectors
from synth.graded import GradedQuestion
from synth.text import folded_words

Matrix = npt.NDArray[np.float32]

SIGNALS = ("reference_letters", "question_letters", *answers.SIGNALS[4:])
"""As in `grader.answers`, without those that need sentence vectors."""


class CheapReader:
    """Reads answers to one question, in about a tenth of a millisecond each.

    Args:
        width: buckets that the character n-grams are hashed to; a power of two, at most 4096.
        signals: give the signals too; without them only the n-grams.
    """

    def __init__(self, question: GradedQuestion, width: int, signals: bool = True) -> None:
        self.width = width
        self.signals = signals
        self._question_letters = lexical_vectors([question.text])[0]
        self._reference_letters = lexical_vectors(list(question.references))
        self._question_words = set(folded_words(question.text))
        self._references = [set(folded_words(text)) for text in question.references]

    @property
    def columns(self) -> int:
        """Length of a row."""
        return self.width + (len(SIGNALS) if self.signals else 0)

    def read(self, texts: Sequence[str]) -> Matrix:
        """(n, columns); a row depends on its own text and the question alone."""
        letters = lexical_vectors(texts)
        # Folding the buckets onto fewer keeps the signed sums: the same as hashing to fewer at once.
        grams: Matrix = letters.reshape(len(texts), -1, self.width).sum(axis=1)
        if not self.signals:
            return grams
        extra = np.zeros((len(texts), len(SIGNALS)), dtype=np.float32)
        if len(self._reference_letters):
            # Not a matrix product: its rounding would depend on how many rows there are.
            extra[:, 0] = np.einsum("nd,rd->nr", letters, self._reference_letters).max(axis=1)
        extra[:, 1] = np.einsum("nd,d->n", letters, self._question_letters)
        for row, text in enumerate(texts):
            extra[row, 2:] = word_signals(folded_words(text), self._references, self._question_words)
        return np.hstack([grams, extra])
