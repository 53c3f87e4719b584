"""Row numbers of 128-bit keys, millions of them, in 24 bytes each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KEY_BYTES = 16
_RECENT = 32_768

Keys = NDArray[np.uint64]


class KeyIndex:
    """Finds the row of a key. Rows are numbered in the order the keys were added.

    Most keys are in arrays sorted by their first half; the recent ones are in a dictionary until there are enough to
    sort in. So adding is cheap, and a lookup is a binary search.
    """

    def __init__(self) -> None:
        self._first = np.zeros(0, np.uint64)
        self._second = np.zeros(0, np.uint64)
        self._rows = np.zeros(0, np.int64)
        self._recent: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return len(self._rows) + len(self._recent)

    def extend(self, keys: Keys) -> None:
        """Add keys, ``(n, 2)``, none of which is there yet."""
        if len(self._recent) + len(keys) > max(_RECENT, len(self._rows) // 32):
            self.merge(keys)
        else:
            start = len(self)
            self._recent.update((pair, start + number) for number, pair in enumerate(_pairs(keys)))

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """The row of each key, -1 where there is none, ``(n,)``."""
        rows = np.full(len(keys), -1, np.int64)
        if len(self._rows):
            place = np.searchsorted(self._first, keys[:, 0])
            open_ = np.arange(len(keys))
            # Keys with the same first half are next to each other; nearly always there is one, and one round.
            while len(open_):
                open_ = open_[place[open_] < len(self._first)]
                open_ = open_[self._first[place[open_]] == keys[open_, 0]]
                hit = self._second[place[open_]] == keys[open_, 1]
                rows[open_[hit]] = self._rows[place[open_[hit]]]
                open_ = open_[~hit]
                place[open_] += 1
        if self._recent:
            for number, pair in enumerate(_pairs(keys)):
                if rows[number] < 0:
                    rows[number] = self._recent.get(pair, -1)
        return rows

    def merge(self, keys: Keys | None = None) -> None:
        """Sort in the recent keys, and these new ones; ``extend`` does it when it is time."""
        recent = np.array(list(self._recent), np.uint64).reshape(-1, 2)
        added = recent if keys is None else np.concatenate([recent, keys])
        rows = len(self._rows) + np.arange(len(added))
        first = np.concatenate([self._first, added[:, 0]])
        order = np.argsort(first, kind="stable")
        self._first = first[order]
        self._second = np.concatenate([self._second, added[:, 1]])[order]
        self._rows = np.concatenate([self._rows, rows])[order]
        self._recent = {}


def _pairs(keys: Keys) -> list[tuple[int, int]]:
    """The keys as pairs of Python integers."""
    return list(zip(keys[:, 0].tolist(), keys[:, 1].tolist(), strict=True))
