"""langdetect's language profiles without their zeros."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from functools import lru_cache
from pathlib import Path

_LONGEST = 3
_LANGUAGE_BITS = 6
_ROWS_KEPT = 1024


class SparseProfiles:
    """N-gram -> its probability in every language, as `langdetect.Detector` looks it up.

    langdetect keeps a list over all languages for each of 90,000 n-grams, most of which one language alone has: 60 MB.
    Here only what is not 0 is kept, in two sorted arrays: the same numbers in 3 MB.

    Args:
        folder: one JSON file a language: `name`, `freq` (n-gram -> count), `n_words` (n-grams of each length).
    """

    def __init__(self, folder: Path) -> None:
        import numpy as np

        self.languages: list[str] = []
        places, values = [], []
        # The order of a directory differs between file systems, and with it what a seed would mean.
        for number, path in enumerate(sorted(folder.iterdir())):
            profile = json.loads(path.read_text(encoding="utf-8"))
            self.languages.append(profile["name"])
            ngrams = [ngram for ngram in profile["freq"] if len(ngram) <= _LONGEST]
            totals = np.array(profile["n_words"])[[len(ngram) - 1 for ngram in ngrams]]
            values.append(np.array([profile["freq"][ngram] for ngram in ngrams]) / totals)
            padded = "".join(ngram.ljust(_LONGEST, "\0") for ngram in ngrams)
            units = np.frombuffer(padded.encode("utf-16-le"), dtype="<u2").reshape(-1, _LONGEST).astype(np.uint64)
            own = np.zeros(len(ngrams), dtype=np.uint64)
            for column in range(_LONGEST):
                own = own << np.uint64(16) | units[:, column]
            places.append(own << np.uint64(_LANGUAGE_BITS) | np.uint64(number))
        flat = np.concatenate(places)
        order = np.argsort(flat)
        # Single look-ups are faster in plain arrays.
        self._places = array("Q", flat[order].tobytes())
        self._values = array("d", np.concatenate(values)[order].tobytes())
        # The same few n-grams are drawn again and again while one text is looked at.
        self._row = lru_cache(maxsize=_ROWS_KEPT)(self._expanded)

    def __contains__(self, ngram: str) -> bool:
        return bool(self._row(ngram))

    def __getitem__(self, ngram: str) -> list[float]:
        return self._row(ngram)

    def _expanded(self, ngram: str) -> list[float]:
        """The n-gram's probabilities; empty where no language has it."""
        place = 0
        for char in ngram.ljust(_LONGEST, "\0"):
            # No profile has characters above the first plane.
            place = place << 16 | min(ord(char), 0xFFFF)
        start = bisect_left(self._places, place << _LANGUAGE_BITS)
        end = bisect_left(self._places, (place + 1) << _LANGUAGE_BITS, start)
        row = [0.0] * len(self.languages) if start < end else []
        for index in range(start, end):
            row[self._places[index] & ((1 << _LANGUAGE_BITS) - 1)] = self._values[index]
        return row
