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
        inner_layers: layers of the model whose states ``encode_deep`` gives beside the vector; none by default.
    """

    name: str
    dimension: int
    content_hash: str
    inner_layers: tuple[int, ...] = ()

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
        clean = _clean_texts(texts, role)
        return self._encode(clean, role, progress) if clean else np.zeros((0, self.dimension), np.float32)

    @property
    def deep_dimension(self) -> int:
        """Length of a row of ``encode_deep``."""
        return self.dimension * (1 + len(self.inner_layers))

    def encode_deep(self, texts: Sequence[str], role: Role = "answer", progress: Progress | None = None) -> Vectors:
        """Encode texts and look into the model on the way: what a text is about, and how it is put.

        The last layer's mean is trained to tell meaning; how a text is made (sentences or a list of words, a claim or
        an evasion) stands in the layers before it and is lost from there on (Jawahar et al., "What does BERT learn
        about the structure of language?", ACL 2019).

        Returns:
            float32 array of shape ``(len(texts), deep_dimension)``: first ``encode``'s vector, the same to the bit,
            then for each of ``inner_layers`` the mean of its token states, of length 1 and rounded to float16.

        Raises:
            TypeError, ValueError: as ``encode``.
        """
        clean = _clean_texts(texts, role)
        return self._encode_deep(clean, role, progress) if clean else np.zeros((0, self.deep_dimension), np.float32)

    def _encode_deep(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        """As ``_encode``, with inner layers; an encoder that has some overrides it."""
        return self._encode(texts, role, progress)

    @abstractmethod
    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        """Encode at least one text; the texts are valid Unicode."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} dimension={self.dimension} hash={self.content_hash[:12]}>"


def _clean_texts(texts: Sequence[str], role: Role) -> list[str]:
    if isinstance(texts, str):
        raise TypeError("texts must be a sequence of strings, not one string: write encode([text])")
    if role not in get_args(Role):
        raise ValueError(f"role must be 'question' or 'answer', not {role!r}")
    return [_clean(index, text) for index, text in enumerate(texts)]


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
