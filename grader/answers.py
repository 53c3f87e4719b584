"""What the grader sees of an answer: its sentence vector, its letters, and how it relates to the question's texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from grader.lexical import lexical_vectors
from synth.graded import GradedQuestion
from synth.text import folded_words

if TYPE_CHECKING:
    from encoders import Encoder

Matrix = npt.NDArray[np.float32]

SIGNALS = (
    "reference_cosine",
    "question_cosine",
    "reference_letters",
    "question_letters",
    "reference_words",
    "new_reference_words",
    "words_in_reference",
    "words_in_question",
    "log_words",
    "root_words",
)
"""Columns of `AnswerTable.signals`; those about a reference answer are 0 when the question has none."""


@dataclass(frozen=True)
class AnswerTable:
    """n answers as the grader sees them. Every row depends on its own text and the question alone."""

    vectors: Matrix
    """(n, d) unit sentence vectors."""
    lexical: Matrix
    """(n, WIDTH) unit vectors of letters, or (n, 0)."""
    signals: Matrix
    """(n, len(SIGNALS)), or (n, 0)."""

    @classmethod
    def of_vectors(cls, vectors: npt.ArrayLike) -> AnswerTable:
        """Answers of which only sentence vectors (n, d) are known.

        Raises:
            ValueError: not a table of finite numbers.
        """
        rows = np.asarray(vectors, dtype=np.float32)
        if rows.ndim != 2:
            raise ValueError(f"vectors must be a table (n, d), not an array of shape {rows.shape}")
        if not np.isfinite(rows).all():
            raise ValueError("a vector has entries that are not finite numbers")
        nothing = np.zeros((len(rows), 0), dtype=np.float32)
        return cls(rows, nothing, nothing)

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, rows: npt.NDArray[np.int64] | slice) -> AnswerTable:
        """Only the given rows, in that order."""
        return AnswerTable(self.vectors[rows], self.lexical[rows], self.signals[rows])

    def same_columns(self, other: Self) -> bool:
        """Whether both tables hold the same kinds of evidence, of the same widths."""
        return all(
            mine.shape[1] == theirs.shape[1]
            for mine, theirs in (
                (self.vectors, other.vectors),
                (self.lexical, other.lexical),
                (self.signals, other.signals),
            )
        )


class AnswerReader:
    """Reads answers to one question.

    Args:
        question: The question; its reference answers, where it has some, become evidence.
        encoder: Gives the sentence vectors; also of the question and the references, once.
    """

    def __init__(self, question: GradedQuestion, encoder: Encoder) -> None:
        self.question = question
        self.encoder = encoder
        texts = list(question.references)
        self._question_vector = encoder.encode([question.text], role="question")[0]
        self._reference_vectors = encoder.encode(texts, role="answer")
        self._question_letters = lexical_vectors([question.text])[0]
        self._reference_letters = lexical_vectors(texts)
        self._question_words = set(folded_words(question.text))
        self._reference_words = [set(folded_words(text)) for text in texts]

    def read(self, texts: Sequence[str], vectors: Matrix | None = None) -> AnswerTable:
        """The answers' table; `vectors` (n, d) are the encoder's, if somebody has them already."""
        if vectors is None:
            vectors = self.encoder.encode(list(texts), role="answer")
        letters = lexical_vectors(texts)
        signals = np.zeros((len(texts), len(SIGNALS)), dtype=np.float32)
        for row, text in enumerate(texts):
            signals[row, 4:] = word_signals(folded_words(text), self._reference_words, self._question_words)
        signals[:, 1] = vectors @ self._question_vector
        signals[:, 3] = letters @ self._question_letters
        if len(self._reference_vectors):
            signals[:, 0] = (vectors @ self._reference_vectors.T).max(axis=1)
            signals[:, 2] = (letters @ self._reference_letters.T).max(axis=1)
        return AnswerTable(np.asarray(vectors, dtype=np.float32), letters, signals)


def word_signals(found: list[str], references: Sequence[set[str]], question: set[str]) -> tuple[float, ...]:
    """The last six `SIGNALS` of an answer with the folded words `found`."""
    words = set(found)
    size = max(len(words), 1)
    covered = new = precise = 0.0
    for reference in references:
        unasked = reference - question
        covered = max(covered, len(words & reference) / max(len(reference), 1))
        new = max(new, len(words & unasked) / max(len(unasked), 1))
        precise = max(precise, len(words & reference) / size)
    asked = len(words & question) / size
    return covered, new, precise, asked, float(np.log1p(len(found))), float(np.sqrt(min(len(found), 400)))
