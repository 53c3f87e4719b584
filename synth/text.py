"""Words and scripts of any language, without a dictionary: what filters, guards and attacks compare texts by."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import regex

UNSPACED_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts written without spaces between words: every character counts as a word."""

_WORD = regex.compile(
    rf"[{UNSPACED_SCRIPTS}]\p{{M}}*|[[\p{{L}}\p{{N}}]--[{UNSPACED_SCRIPTS}]][[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED_SCRIPTS}]]*",
    flags=regex.VERSION1,
)
_UNSPACED = regex.compile(rf"[{UNSPACED_SCRIPTS}]", flags=regex.VERSION1)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_SCRIPTS = (
    "Latin",
    "Cyrillic",
    "Greek",
    "Han",
    "Hiragana",
    "Katakana",
    "Hangul",
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Bengali",
    "Gurmukhi",
    "Gujarati",
    "Tamil",
    "Telugu",
    "Kannada",
    "Malayalam",
    "Sinhala",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
    "Georgian",
    "Armenian",
    "Ethiopic",
)
_SCRIPT_PATTERNS = tuple((name, regex.compile(rf"\p{{{name}}}")) for name in _SCRIPTS)


class Word(NamedTuple):
    """A word as it is compared (`folded`) and where it stands in the text."""

    folded: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """The text for comparison: NFKC, lower case, accents of alphabetic scripts removed.

    Combining marks of the Indic scripts are vowels, not accents, and stay.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def whole_characters(text: str) -> str:
    """The text with `?` for halves of characters: an escaped emoji that was cut off cannot be written to any file."""
    return text.encode("utf-8", "replace").decode("utf-8")


def words(text: str) -> list[Word]:
    """The words of a text with their places; scripts without spaces give one word per character."""
    return [Word(fold(match.group()), match.start(), match.end()) for match in _WORD.finditer(text)]


def folded_words(text: str) -> list[str]:
    """Only the comparison forms of `words`."""
    return list(_folded_words(text))


@lru_cache(maxsize=1024)
def _folded_words(text: str) -> tuple[str, ...]:
    # An answer is taken apart by guard after guard, and a question for every answer to it.
    return tuple(_WORD.findall(fold(text)))


def is_unspaced(text: str) -> bool:
    """Whether most of the text is in a script that puts no spaces between words."""
    return not text.isascii() and len(_UNSPACED.findall(text)) * 2 > sum(map(str.isalpha, text))


def character_ngrams(text: str, size: int) -> Counter[str]:
    """Counts of character n-grams of the folded text, its words joined by single spaces."""
    joined = f" {' '.join(folded_words(text))} "
    return Counter(joined[start : start + size] for start in range(max(1, len(joined) - size + 1)))


@lru_cache(maxsize=8192)
def script_of(char: str) -> str:
    """Name of the Unicode script of a letter, or '' for anything that is not a letter of a script known here."""
    if not char.isalpha():
        return ""
    for name, pattern in _SCRIPT_PATTERNS:
        if pattern.match(char):
            return name
    return ""


def script_counts(text: str) -> Counter[str]:
    """How many letters of each script the text has."""
    counts: Counter[str] = Counter()
    for char, count in Counter(text).items():
        script = script_of(char)
        if script:
            counts[script] += count
    return counts


def longest_common_run(first: Sequence[str], second: Sequence[str]) -> tuple[int, int, int]:
    """Longest run of equal words: (start in first, start in second, length). Of equals, the earliest in `first`."""
    best = (0, 0, 0)
    lengths: dict[int, int] = {}
    places: dict[str, list[int]] = {}
    for place, word in enumerate(second):
        places.setdefault(word, []).append(place)
    for end, word in enumerate(first):
        row: dict[int, int] = {}
        for place in places.get(word, ()):
            length = lengths.get(place - 1, 0) + 1
            row[place] = length
            if length > best[2]:
                best = (end - length + 1, place - length + 1, length)
        lengths = row
    return best
