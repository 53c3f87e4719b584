"""Near duplicates among millions of texts: MinHash signatures, banding, and an exact check of every candidate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from synth.dedup.pairs import SIMILARITY
from synth.dedup.shingles import figures, jaccard, shingles
from synth.examples import text_hash

PERMUTATIONS = 72
BANDS = 12
"""12 bands of 6 values: of pairs at similarity 0.8 about 97 % become candidates, at 0.9 all, at 0.5 17 %."""
CHUNK = 5_000
_MIX = np.uint64(0x9E3779B97F4A7C15)

Keys = npt.NDArray[np.uint64]


class DedupUnavailableError(RuntimeError):
    """The MinHash library is not installed."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class NearDuplicateResult:
    """`twin[i]` is the index of the earlier text that text i nearly repeats, or -1 where it stays."""

    twin: npt.NDArray[np.int64]
    candidates: int

    @property
    def repeats(self) -> int:
        """How many texts repeat an earlier one."""
        return int((self.twin >= 0).sum())


def near_duplicates(
    texts: Sequence[str], scopes: Iterable[str] | None = None, similarity: float = SIMILARITY, seed: int = 0
) -> NearDuplicateResult:
    """Find texts that nearly repeat an earlier one; time and memory grow about linearly with their number.

    A pair counts as in `NearDuplicates`: Jaccard similarity of character n-grams of at least `similarity`, the same
    numbers and signs. MinHash only proposes pairs, so no text is called a duplicate wrongly; some are missed (`BANDS`).

    Args:
        texts: all texts.
        scopes: of each text, for example its question's id; only texts of one scope are compared.
        similarity: bound, 0 … 1.
        seed: of the hash functions.

    Raises:
        DedupUnavailableError: `rensa` is not installed.
    """
    keys = np.empty((len(texts), BANDS), dtype=np.uint64)
    scope = iter(scopes) if scopes is not None else None
    for start in range(0, len(texts), CHUNK):
        part = texts[start : start + CHUNK]
        names = [next(scope) if scope is not None else "" for _ in part]
        keys[start : start + len(part)] = _band_keys(part, names, seed)
    first, second = _candidates(keys)
    twin = np.full(len(texts), -1, dtype=np.int64)
    for earlier, later in zip(first.tolist(), second.tolist(), strict=True):
        if twin[later] >= 0:
            continue
        kept = int(twin[earlier]) if twin[earlier] >= 0 else earlier
        if jaccard(shingles(texts[kept]), shingles(texts[later])) >= similarity:
            twin[later] = kept
    return NearDuplicateResult(twin, len(first))


def _band_keys(texts: Sequence[str], scopes: Sequence[str], seed: int) -> Keys:
    """One key per text and band; equal keys make a candidate. Scope and figures are part of every key."""
    signatures = _signatures(texts, seed).reshape(len(texts), BANDS, -1).astype(np.uint64)
    own = [int(text_hash(f"{name}\n{figures(text)}"), 16) for name, text in zip(scopes, texts, strict=True)]
    keys = np.repeat(np.array(own, dtype=np.uint64)[:, None], BANDS, axis=1)
    for column in range(signatures.shape[2]):
        keys = (keys ^ signatures[:, :, column]) * _MIX
        keys ^= keys >> np.uint64(29)
    return keys


def _signatures(texts: Sequence[str], seed: int) -> npt.NDArray[np.uint32]:
    try:
        from rensa import RMinHash
    except ImportError:
        raise DedupUnavailableError("near duplicates of a corpus need `pip install rensa`") from None
    matrix = RMinHash.digest_matrix_from_token_sets([shingles(text) for text in texts], PERMUTATIONS, seed)
    return np.array(matrix.to_rows(), dtype=np.uint32)


def _candidates(keys: Keys) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs (earlier, later) that share a band, ordered by the later one.

    Of many texts with one key each is paired with the first and with the one before it: linear, not quadratic.
    """
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for band in range(keys.shape[1]):
        order = np.argsort(keys[:, band], kind="stable")
        sorted_keys = keys[order, band]
        same = np.flatnonzero(sorted_keys[1:] == sorted_keys[:-1]) + 1
        if not same.size:
            continue
        starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]])
        run_first = starts[np.searchsorted(starts, same, side="right") - 1]
        for other in (order[run_first], order[same - 1]):
            pairs.append(np.stack([other, order[same]], axis=1))
    found = np.unique(np.concatenate(pairs), axis=0)
    found = found[np.lexsort((found[:, 0], found[:, 1]))]
    return found[:, 0], found[:, 1]
