"""Character n-grams of a text, which near duplicates are compared by."""

from __future__ import annotations

import regex

from synth.text import fold

SHINGLE = 4
_GAPS = regex.compile(r"[\s\p{P}]+")
_NUMBERS = regex.compile(r"\d+(?:[.,]\d+)*|[+\-−*/×÷=<>≤≥]")


def shingles(text: str, size: int = SHINGLE) -> frozenset[str]:
    """Character n-grams of the folded text without punctuation, its words joined by single spaces."""
    joined = f" {_GAPS.sub(' ', fold(text)).strip()} "
    return frozenset(joined[start : start + size] for start in range(max(1, len(joined) - size + 1)))


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Share of common n-grams among all n-grams of both."""
    if not first and not second:
        return 1.0
    common = len(first & second)
    return common / (len(first) + len(second) - common)


def figures(text: str) -> tuple[str, ...]:
    """Numbers and signs in their order: "x = 4" and "x = 5" are other answers, however similar."""
    return tuple(_NUMBERS.findall(fold(text)))
