"""Folds over questions: everything that shares a split key stays together."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relevance.corpus import GateQuestion


def assign_folds(items: Sequence[GateQuestion], count: int, seed: int) -> NDArray[np.int64]:
    """(n,) fold of every question. Keys go, largest first, to the fold with the fewest texts so far.

    The order among equals is seeded, so that the same questions always give the same folds.

    Raises:
        ValueError: there are fewer split keys than folds.
    """
    sizes: Counter[str] = Counter()
    for item in items:
        sizes[item.split_key] += len(item.question.answers) + len(item.negatives)
    if len(sizes) < count:
        raise ValueError(f"{len(sizes)} independent questions for {count} folds; bring more questions")
    order = sorted(sizes, key=lambda key: (-sizes[key], zlib.crc32(f"{seed}\n{key}".encode()), key))
    totals = [0] * count
    fold_of: dict[str, int] = {}
    for key in order:
        fold = totals.index(min(totals))
        fold_of[key] = fold
        totals[fold] += sizes[key]
    return np.array([fold_of[item.split_key] for item in items])
