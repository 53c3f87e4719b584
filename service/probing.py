"""What tells a student who revises from one who searches: attempts that hardly differ, and chains of small changes.

Flags are for the teacher's eyes; they change no grade.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from synth.text import character_ngrams

NEAR_IDENTICAL = "near_identical"
HILL_CLIMBING = "hill_climbing"

SAME = 0.75
"""From this share of common letter trigrams on, two attempts are nearly the same text."""
KEPT = 0.6
"""From this share of an attempt's trigrams found in a later one on, the later is made from the earlier."""
CLIMBING_ATTEMPTS = 3
"""A chain of this many attempts, each made from an earlier one, is a search."""
COMPARED_CHARACTERS = 2_000
COMPARED_ATTEMPTS = 12
"""The latest attempts are compared: every pair of them is, and a budget may be set as high as anyone likes."""


def flags(text: str, earlier: Sequence[str]) -> tuple[str, ...]:
    """Flags of an attempt, given the same student's earlier ones at the question, in order."""
    found = []
    grams = [character_ngrams(other[:COMPARED_CHARACTERS], 3) for other in (*earlier[-COMPARED_ATTEMPTS:], text)]
    mine = grams[-1]
    if any(overlap(mine, other) >= SAME for other in grams[:-1]):
        found.append(NEAR_IDENTICAL)
    if _chain(grams) >= CLIMBING_ATTEMPTS:
        found.append(HILL_CLIMBING)
    return tuple(found)


def overlap(first: Counter[str], second: Counter[str]) -> float:
    """Weighted Jaccard similarity of trigram counts, 0 … 1."""
    union = (first | second).total()
    return (first & second).total() / union if union else 1.0


def _chain(grams: Sequence[Counter[str]]) -> int:
    """Length of the longest chain ending in the last attempt in which each is made from the one before."""
    longest: list[int] = []
    for place, mine in enumerate(grams):
        before = [
            longest[other]
            for other in range(place)
            if (grams[other] & mine).total() >= KEPT * min(grams[other].total(), mine.total())
        ]
        longest.append(1 + max(before, default=0))
    return longest[-1]
