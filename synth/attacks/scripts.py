"""How a text falls apart into graphemes and words, whatever its script; no dictionary and no model needed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Set
from functools import lru_cache
from itertools import pairwise

import regex

GRAPHEME = regex.compile(r"\X")
WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}\u200c\u200d]*(?:['’‑-][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*")
LETTER = regex.compile(r"\p{L}")
UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
UNSPACED_RUN = regex.compile(
    r"(?P<han>[\p{Han}々]+)|(?P<kana>\p{Hiragana}+)|(?P<loan>[\p{Katakana}ー]+)"
    r"|(?P<other>[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{M}]+)"
    r"|(?P<spaced>[^\p{Han}々\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+)"
)
CHUNK = {"han": 2, "kana": 3, "other": 5}
"""Graphemes in a word nobody knows: two Chinese characters are most often a word, and three left over one as well."""
LONGEST_KNOWN = 8
SENTENCE_END = regex.compile(r"(?<=[.!?…။])\s+|(?<=[。！？])\s*|(?<=[।؟۔])\s+|\n+")
CLAUSE_END = regex.compile(r"\s*[,;:،؛、，；：]\s*")
READABLE = regex.compile(r"[\p{L}\p{N}]")
NOT_WORD = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
FORMAT = regex.compile(r"[\p{Cf}\p{Cc}--[\n\t\r]]", flags=regex.VERSION1)
SCRIPT_NAMES = (
    "Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "Bengali", "Thai", "Hangul", "Han", "Hiragana",
    "Katakana", "Tamil", "Telugu", "Kannada", "Malayalam", "Gujarati", "Gurmukhi", "Sinhala", "Khmer", "Lao",
    "Myanmar", "Georgian", "Armenian", "Ethiopic",
)  # fmt: skip
_SCRIPTS = {name: regex.compile(rf"\p{{Script_Extensions={name}}}") for name in SCRIPT_NAMES}


def graphemes(text: str) -> list[str]:
    """What a reader calls characters: a letter with all its marks stays whole."""
    return list(text) if text.isascii() else GRAPHEME.findall(text)


def script_of(text: str) -> str:
    """The script most letters of the text belong to; `Latin` when it has none that is known here."""
    letters = "".join(LETTER.findall(text[:2000]))
    counts = [(len(pattern.findall(letters)), -rank) for rank, pattern in enumerate(_SCRIPTS.values())]
    best, rank = max(counts)
    return SCRIPT_NAMES[-rank] if best else "Latin"


def in_scripts(text: str, scripts: Iterable[str]) -> float:
    """Share of the text's letters that belong to one of the scripts; 1.0 for a text without letters.

    Of a long text the first thousands of characters speak for the rest.
    """
    letters = LETTER.findall(text[:4000])
    if not letters:
        return 1.0
    patterns = [_SCRIPTS[name] for name in scripts]
    return sum(any(pattern.match(letter) for pattern in patterns) for letter in letters) / len(letters)


def is_unspaced(text: str) -> bool:
    """Whether most of the text's letters are of a script that writes no spaces between words."""
    letters = LETTER.findall(text[:2000])
    return bool(letters) and 2 * sum(1 for letter in letters if UNSPACED.match(letter)) > len(letters)


def split_tokens(text: str, known: Set[str] = frozenset()) -> list[tuple[str, bool]]:
    """Words and what is between them, in order, as (piece, is a word); the pieces joined are the text again.

    Scripts without spaces are cut by longest match with `known` words, and otherwise every few graphemes.
    """
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in WORD.finditer(text):
        if match.start() > end:
            pieces.append((text[end : match.start()], False))
        word = match.group()
        if word.isascii() or not UNSPACED.search(word):
            pieces.append((word, True))
        else:
            pieces.extend((part, True) for part in _split_unspaced(word, known))
        end = match.end()
    if end < len(text):
        pieces.append((text[end:], False))
    return pieces


def split_words(text: str, known: Set[str] = frozenset()) -> list[str]:
    """The words of a text without what is between them."""
    return [piece for piece, is_word in split_tokens(text, known) if is_word]


def _split_unspaced(text: str, known: Set[str]) -> list[str]:
    words: list[str] = []
    for match in UNSPACED_RUN.finditer(text):
        run, kind = match.group(), match.lastgroup or "spaced"
        if kind in ("loan", "spaced"):
            words.append(run)
            continue
        units = graphemes(run)
        unknown: list[str] = []
        position = 0
        while position < len(units):
            found = _longest_known(units, position, known)
            if found:
                words.extend(_chunks(unknown, CHUNK[kind]))
                unknown = []
                words.append("".join(units[position : position + found]))
                position += found
            else:
                unknown.append(units[position])
                position += 1
        words.extend(_chunks(unknown, CHUNK[kind]))
    return words


def _chunks(units: list[str], size: int) -> list[str]:
    """Runs of `size` units, the last one longer by a single unit rather than leave that alone."""
    starts = range(0, max(len(units) - 1, 1), size) if units else range(0)
    bounds = [*starts, len(units)]
    return ["".join(units[start:end]) for start, end in pairwise(bounds)]


def _longest_known(units: list[str], position: int, known: Set[str]) -> int:
    if not known:
        return 0
    for length in range(min(LONGEST_KNOWN, len(units) - position), 0, -1):
        if "".join(units[position : position + length]) in known:
            return length
    return 0


def split_sentences(text: str) -> list[str]:
    """Sentences by their final marks, in any script; the marks stay with their sentence."""
    return [part.strip() for part in SENTENCE_END.split(text) if part and part.strip()]


def split_clauses(text: str) -> list[str]:
    """Parts between commas, colons and semicolons of any script, without the marks."""
    return [part.strip() for part in CLAUSE_END.split(text) if part and part.strip()]


@lru_cache(maxsize=64)
def normal(text: str) -> str:
    """What is left of a text when case, width, punctuation, spacing and invisible characters do not count."""
    if text.isascii():
        return NOT_WORD.sub(" ", text.lower()).strip()
    folded = FORMAT.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return NOT_WORD.sub(" ", folded).strip() if READABLE.search(folded) else ""
