"""Row numbers of 128-bit keys, millions of them, in 24 bytes each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KEY_BYTES = 16
_RECENT = 65_536

Keys = NDArray[np.uint64]


class KeyIndex:
    """Finds the row of a key. Rows are numbered in the order the keys were added.

    Most keys are in one sorted array; the recent ones are in a dictionary until there are enough to sort in, so that
    adding is cheap and a lookup is a binary search.
    """

    def __init__(self) -> None:
        self._sorted = np.zeros((0, 2), np.uint64)
        self._rows = np.zeros(0, np.int64)
        self._recent: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return len(self._rows) + len(self._recent)

    def extend(self, keys: Keys) -> None:
        """Add keys, ``(n, 2)``, none of which is there yet."""
        row = len(self)
        for first, second in keys.tolist():
            self._recent[first, second] = row
            row += 1
        if len(self._recent) > max(_RECENT, len(self._rows) // 8):
            self._merge()

    def find(self, keys: Keys) -> NDArray[np.int64]:
        """The row of each key, -1 where there is none, ``(n,)``."""
        rows = np.full(len(keys), -1, np.int64)
        if len(self._rows):
            first = np.ascontiguousarray(self._sorted[:, 0])
            place = np.searchsorted(first, keys[:, 0])
            open_ = np.arange(len(keys))
            # Two keys with the same first half are next to each other; nearly always this loop runs once.
            while len(open_):
                open_ = open_[place[open_] < len(first)]
                open_ = open_[first[place[open_]] == keys[open_, 0]]
                hit = self._sorted[place[open_], 1] == keys[open_, 1]
                rows[open_[hit]] = self._rows[place[open_[hit]]]
                open_ = open_[~hit]
                place[open_] += 1
        if self._recent:
            for number in np.flatnonzero(rows < 0).tolist():
                rows[number] = self._recent.get((int(keys[number, 0]), int(keys[number, 1])), -1)
        return rows

    def _merge(self) -> None:
        keys = np.concatenate([self._sorted, np.array(list(self._recent), np.uint64).reshape(-1, 2)])
        rows = np.concatenate([self._rows, np.fromiter(self._recent.values(), np.int64, len(self._recent))])
        order = np.argsort(keys[:, 0], kind="stable")
        self._sorted, self._rows = keys[order], rows[order]
        self._recent = {}
