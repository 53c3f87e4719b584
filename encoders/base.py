"""What every encoder is: a name, a dimension, a content hash, and ``encode``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Role = Literal["question", "answer"]
"""What a text is to the encoder; some models are trained with a prefix for each."""

Progress = Callable[[int, int], None]
"""Called now and then with the number of texts done and the number of texts in all."""

Vectors = NDArray[np.float32]


class EncoderUnavailable(RuntimeError):  # noqa: N818 (the name says what is so, as a person would)
    """An encoder cannot be had here; the message says why, and what to install or use instead."""

    exit_code: ClassVar[int] = 2


class Encoder(ABC):
    """Texts to unit vectors.

    Attributes:
        name: what to pass to ``get_encoder`` to have this encoder again.
        dimension: length of a vector.
        content_hash: hexadecimal digest of the weights, the tokenizer and everything else that changes a vector.
            Two encoders with the same hash give the same vectors; artifacts and stores are keyed by it.
    """

    name: str
    dimension: int
    content_hash: str

    def encode(self, texts: Sequence[str], role: Role = "answer", progress: Progress | None = None) -> Vectors:
        """Encode texts; a text's vector depends on the text and the role alone.

        Args:
            texts: any strings, in any language, of any length; empty ones too. Lone surrogates, which are not
                Unicode text, are read as U+FFFD.
            role: ``"question"`` or ``"answer"``.
            progress: called as texts are finished.

        Returns:
            float32 array of shape ``(len(texts), dimension)``; each row has Euclidean length 1.

        Raises:
            TypeError: ``texts`` is one string, or one of its items is not a string.
            ValueError: ``role`` is neither of the two.
        """
        if isinstance(texts, str):
            raise TypeError("texts must be a sequence of strings, not one string: write encode([text])")
        if role not in get_args(Role):
            raise ValueError(f"role must be 'question' or 'answer', not {role!r}")
        clean = [_clean(index, text) for index, text in enumerate(texts)]
        if not clean:
            return np.zeros((0, self.dimension), np.float32)
        return self._encode(clean, role, progress)

    @abstractmethod
    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        """Encode at least one text; the texts are valid Unicode."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} dimension={self.dimension} hash={self.content_hash[:12]}>"


def _clean(index: int, text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"texts[{index}] is a {type(text).__name__}, not a string")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def unit_rows(vectors: NDArray[np.floating]) -> Vectors:
    """Scale each row of an ``(n, d)`` array to Euclidean length 1; a row of zeros becomes the first unit vector."""
    rows = np.array(vectors, np.float32)
    # One row at a time in double precision: a row's result must not depend on how many rows there are.
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    empty = squares <= 1e-24
    if empty.any():
        rows[empty] = 0.0
        rows[empty, 0] = 1.0
        squares[empty] = 1.0
    rows /= np.sqrt(squares)[:, None].astype(np.float32)
    return rows
