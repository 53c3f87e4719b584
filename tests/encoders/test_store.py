"""The store gives back what was put, to every process, whatever happens to the writer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoders import EmbeddingStore, Encoder, StoredEncoder
from encoders.base import Progress, Role, Vectors, unit_rows


class LetterCountEncoder(Encoder):
    """A real, if simple, encoder: the unit vector of a text's letter counts; it counts the texts it encodes."""

    name, dimension, content_hash = "letters", 26, "ab" * 32

    def __init__(self) -> None:
        self.encoded = 0

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        self.encoded += len(texts)
        shift = 0.5 if role == "question" else 0.0
        counts = [[text.count(chr(97 + letter)) + shift for letter in range(26)] for text in texts]
        return unit_rows(np.array(counts))


@pytest.fixture
def texts() -> list[str]:
    return ["", "plants", "plants make sugar", "plants", "soleil é", "光合作用", "a" * 5000]


def test_second_use_computes_nothing_and_gives_the_same_vectors(tmp_path: Path, texts: list[str]) -> None:
    encoder = LetterCountEncoder()
    first = StoredEncoder(encoder, EmbeddingStore(tmp_path)).encode(texts)
    assert encoder.encoded == len(set(texts))
    again = StoredEncoder(encoder, EmbeddingStore(tmp_path)).encode(texts[::-1])[::-1]
    assert encoder.encoded == len(set(texts))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, LetterCountEncoder().encode(texts))


def test_roles_are_kept_apart(tmp_path: Path, texts: list[str]) -> None:
    stored = StoredEncoder(LetterCountEncoder(), EmbeddingStore(tmp_path))
    answers, questions = stored.encode(texts, "answer"), stored.encode(texts, "question")
    np.testing.assert_array_equal(questions, LetterCountEncoder().encode(texts, "question"))
    assert not np.array_equal(answers, questions)
