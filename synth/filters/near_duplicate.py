"""Answers that another one says with almost the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from synth.dedup.pairs import SIMILARITY, NearDuplicates
from synth.filters.base import Candidate, FilterContext


class NearDuplicateFilter:
    """Similarity of at least `similarity` with an earlier answer that stays; other numbers make another answer.

    A question has a few hundred answers at most, so every pair is compared; `synth dedup` does whole corpora.
    """

    name: ClassVar[str] = "near_duplicate"
    summary: ClassVar[str] = "almost the same words as an earlier answer"

    def __init__(self, similarity: float = SIMILARITY) -> None:
        self._similarity = similarity

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        near = NearDuplicates(self._similarity)
        for text in context.known:
            near.add(text, "an example that was shown")
        found = {}
        for place, candidate in enumerate(candidates):
            twin = near.find_or_add(candidate.text, f"'{candidate.text[:60]}'")
            if twin is not None:
                found[place] = f"similarity {twin[1]:.2f} with {twin[0]}"
        return found
