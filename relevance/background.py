"""What ordinary text looks like: hashed counts of words and character trigrams over many languages.

Small enough to live inside the gate's artifact (under 1 MB), and language-agnostic: a word or trigram of any script is
a bucket. Languages it has never seen look surprising throughout; features therefore compare an answer with the
question's own graded answers.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import regex
from numpy.typing import NDArray

from synth.text import fold, folded_words

TRIGRAM_BUCKETS = 1 << 17
BIGRAM_BUCKETS = 1 << 14
WORD_BUCKETS = 1 << 15
PAIR_BUCKETS = 1 << 17
BACKOFF = 3.0
"""Weight of the lower order in the interpolated estimate (absolute counts)."""


def word_bucket(word: str) -> int:
    """Bucket of a folded word; the same on every machine."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) % WORD_BUCKETS


def pair_bucket(first: str, second: str) -> int:
    """Bucket of two neighbouring folded words."""
    return zlib.crc32(f"{first} {second}".encode("utf-8", "surrogatepass")) % PAIR_BUCKETS


def letter_runs(text: str) -> list[str]:
    """Runs of letters of the folded text; in scripts without spaces a run is a phrase."""
    return _LETTER_RUN.findall(fold(text))


_LETTER_RUN = regex.compile(r"[\p{L}\p{M}]+")


def _codes(words: Iterable[str]) -> NDArray[np.uint64]:
    # A boundary on both sides makes beginnings and endings part of the model.
    text = "".join([f"\1\1{word}\2" for word in words])
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)


def _buckets(codes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Buckets of (trigram, its first two characters, its last two) for every place of a word."""
    first, second, third = codes[:-2], codes[1:-1], codes[2:]
    # Multiplicative hashing (Knuth); the constants are odd 32-bit numbers.
    pair = first * np.uint64(2654435761) + second * np.uint64(2246822519)
    trigram = (pair + third * np.uint64(3266489917)) >> np.uint64(7)
    last_pair = (second * np.uint64(2654435761) + third * np.uint64(2246822519)) >> np.uint64(7)
    return (
        (trigram & np.uint64(TRIGRAM_BUCKETS - 1)).astype(np.int64),
        ((pair >> np.uint64(7)) & np.uint64(BIGRAM_BUCKETS - 1)).astype(np.int64),
        (last_pair & np.uint64(BIGRAM_BUCKETS - 1)).astype(np.int64),
    )


@dataclass(frozen=True)
class LanguageBackground:
    """Hashed int32 counts of character trigrams and bigrams, of words, and of pairs of neighbouring words."""

    trigrams: NDArray[np.int32]
    bigrams: NDArray[np.int32]
    words: NDArray[np.int32]
    pairs: NDArray[np.int32]

    @classmethod
    def fit(cls, texts: Iterable[str]) -> LanguageBackground:
        """Count the words and trigrams of genuine texts."""
        trigrams = np.zeros(TRIGRAM_BUCKETS, dtype=np.int32)
        bigrams = np.zeros(BIGRAM_BUCKETS, dtype=np.int32)
        words = np.zeros(WORD_BUCKETS, dtype=np.int32)
        pairs = np.zeros(PAIR_BUCKETS, dtype=np.int32)
        for text in texts:
            found = folded_words(text)
            np.add.at(words, [word_bucket(word) for word in found], 1)
            np.add.at(pairs, [pair_bucket(*pair) for pair in itertools.pairwise(found)], 1)
            for run in letter_runs(text):
                trigram, pair, _ = _buckets(_codes([run]))
                np.add.at(trigrams, trigram, 1)
                np.add.at(bigrams, pair, 1)
        return cls(trigrams, bigrams, words, pairs)

    def surprise(self, *groups: Sequence[str]) -> list[float]:
        """Mean negative log probability (nats) of a character of each group of words or letter runs; 0 for none.

        P(c | a b) = (n(abc) + BACKOFF * P(c | b)) / (n(ab) + BACKOFF), with P(c | b) from pair counts alike.
        """
        if not any(groups):
            return [0.0] * len(groups)
        codes = _codes(itertools.chain.from_iterable(groups))
        trigram, pair, last_pair = _buckets(codes)
        # Trigrams that reach over two words are no part of the model.
        inside = codes[:-2] != 2
        inside &= codes[1:-1] != 2
        lower = (self.bigrams[last_pair] + 0.05) / (self._typical_bigram + 0.05)
        lower = np.minimum(lower, 1.0)
        probability = (self.trigrams[trigram] + BACKOFF * lower) / (self.bigrams[pair] + BACKOFF)
        surprises = -np.log(np.minimum(np.maximum(probability, 1e-6), 1.0))
        surprises[~inside] = 0.0
        found, start = [], 0
        for group in groups:
            # A word of n characters has two marks before it and one after: n + 1 places that a trigram begins at.
            characters = sum(map(len, group))
            stop = start + characters + 3 * len(group)
            found.append(float(surprises[start:stop].sum()) / max(1, characters + len(group)))
            start = stop
        return found

    @cached_property
    def _typical_bigram(self) -> float:
        """How often a bigram would come if there were 500 of them, all alike."""
        return max(1, int(self.bigrams.sum())) / 500

    def familiarity(self, words: Sequence[str]) -> NDArray[np.float64]:
        """log(1 + count) of each pair of neighbouring words in the background: whether the words come in an order."""
        buckets = [pair_bucket(*pair) for pair in itertools.pairwise(words)]
        return np.log1p(self.pairs[buckets].astype(np.float64)) if buckets else np.zeros(0)

    def commonness(self, words: Sequence[str]) -> NDArray[np.float64]:
        """log(1 + count) of each word in the background."""
        counts = self.words[[word_bucket(word) for word in words]] if words else np.zeros(0)
        return np.log1p(counts.astype(np.float64))
