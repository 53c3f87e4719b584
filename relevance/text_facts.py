"""The words, letters and signs of a text, taken apart once for everything that compares it."""

from __future__ import annotations

import itertools
import string
from collections.abc import Sequence
from dataclasses import dataclass

from relevance.background import letter_runs
from synth.text import folded_words

GRAM = 4
"""Characters of the n-grams that texts are compared by."""


@dataclass(frozen=True)
class TextFacts:
    """The lexical side of a text, computed once."""

    words: list[str]
    runs: list[str]
    grams: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    characters: int
    digits: int
    marks: int
    commas: int

    @classmethod
    def of(cls, text: str) -> TextFacts:
        """Facts of a cleaned text."""
        found = folded_words(text)
        digits, marks = _digits_and_marks(text)
        return cls(
            words=found,
            # Of ASCII without digits, words and runs of letters are the same.
            runs=found if text.isascii() and not digits else letter_runs(text),
            grams=_grams(found),
            pairs=frozenset(itertools.pairwise(found)),
            characters=max(1, len(text)),
            digits=digits,
            marks=marks,
            commas=sum(map(text.count, ",،、，;；/")),
        )


_ASCII_DIGITS = string.digits.encode()
_ASCII_UNMARKED = "".join(char for char in map(chr, range(128)) if char.isalnum() or char.isspace()).encode()


def _digits_and_marks(text: str) -> tuple[int, int]:
    """How many characters are digits, and how many neither letters, numbers nor white space."""
    if text.isascii():
        # The same counts, many times faster.
        content = text.encode()
        return len(text) - len(content.translate(None, _ASCII_DIGITS)), len(content.translate(None, _ASCII_UNMARKED))
    marks = len(text) - sum(map(str.isalnum, text)) - sum(map(str.isspace, text))
    return sum(map(str.isdigit, text)), marks


def _grams(words: Sequence[str]) -> frozenset[str]:
    joined = f" {' '.join(words)} "
    return frozenset([joined[start : start + GRAM] for start in range(max(1, len(joined) - GRAM + 1))])
