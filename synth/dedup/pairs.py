"""Near duplicates among the answers of one question, by comparing every pair exactly."""

from __future__ import annotations

from synth.dedup.shingles import figures, jaccard, shingles

SIMILARITY = 0.8


class NearDuplicates:
    """Remembers texts and finds an earlier one that a new text nearly repeats.

    Two texts are near duplicates when the Jaccard similarity of their character n-grams is at least `similarity` and
    they hold the same numbers and signs in the same order.
    """

    def __init__(self, similarity: float = SIMILARITY) -> None:
        self._similarity = similarity
        self._kept: dict[tuple[str, ...], list[tuple[frozenset[str], str]]] = {}

    def find_or_add(self, text: str, name: str) -> tuple[str, float] | None:
        """(name, similarity) of the first remembered text that this one nearly repeats; else remember it, and None."""
        own = shingles(text)
        alike = self._kept.setdefault(figures(text), [])
        for other, other_name in alike:
            # Sets of very different sizes cannot be similar; this skips most pairs.
            if min(len(own), len(other)) < self._similarity * max(len(own), len(other)):
                continue
            similarity = jaccard(own, other)
            if similarity >= self._similarity:
                return other_name, similarity
        alike.append((own, name))
        return None

    def add(self, text: str, name: str) -> None:
        """Remember a text under a name, whatever it is like."""
        self._kept.setdefault(figures(text), []).append((shingles(text), name))
