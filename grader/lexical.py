"""The letters of an answer as a vector: what a sentence encoder blurs (terms, numbers, formulas) stays sharp here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from synth.text import fold

WIDTH = 4096
"""Length of a lexical vector; a power of two."""
LENGTHS = (2, 3, 4)
"""Character n-grams that are counted."""
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def lexical_vectors(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """(n, WIDTH) unit rows: logarithmic counts of the folded text's character n-grams, hashed with signs.

    A text's vector depends on the text alone; a blank text has the zero vector. Signed hashing keeps inner products
    unbiased (Weinberger et al., Feature Hashing for Large Scale Multitask Learning, 2009).
    """
    rows = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        _count(row, " ".join(fold(text).split()))
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(norms > 0, norms, 1)
    return rows


def _count(row: npt.NDArray[np.float32], text: str) -> None:
    if not text:
        return
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    hashes = []
    for length in LENGTHS:
        if len(codes) < length:
            break
        value = np.full(len(codes) - length + 1, length, dtype=np.uint64)
        for shift in range(length):
            value = (value ^ codes[shift : shift + len(value)]) * MULTIPLIER
            value ^= value >> np.uint64(29)
        hashes.append(value)
    grams, counts = np.unique(np.concatenate(hashes), return_counts=True)
    places = (grams >> np.uint64(32)) & np.uint64(WIDTH - 1)
    signs = np.where(grams >> np.uint64(63), -1.0, 1.0)
    row[:] = np.bincount(places.astype(np.int64), signs * (1 + np.log(counts)), minlength=WIDTH)
