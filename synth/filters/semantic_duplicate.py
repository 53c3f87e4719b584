"""Answers that say the same as an earlier one in other words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from synth.dedup.shingles import figures
from synth.filters.base import Candidate, FilterContext


class SemanticDuplicateFilter:
    """Cosine similarity of embeddings of at least `similarity` with an earlier answer of the same kind that stays.

    Off by default: it loads the encoder. Embedding spaces differ, so the bound belongs to the encoder; 0.965 fits the
    bundled e5: paraphrases lie above it, different correct answers to one question of the bank below (99 % under 0.94).
    Other numbers make another answer.
    """

    name: ClassVar[str] = "semantic_duplicate"
    summary: ClassVar[str] = "says the same as an earlier answer in other words"

    def __init__(self, similarity: float = 0.965, encoder: str = "e5") -> None:
        self._similarity = similarity
        self._encoder = encoder

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        if len(candidates) < 2:
            return {}
        vectors = _encoder(self._encoder).encode([candidate.text for candidate in candidates], role="answer")
        similarities = vectors @ vectors.T
        found: dict[int, str] = {}
        for place, candidate in enumerate(candidates):
            for earlier in range(place):
                if earlier in found or candidates[earlier].kind != candidate.kind:
                    continue
                alike = float(similarities[place, earlier])
                if alike >= self._similarity and figures(candidate.text) == figures(candidates[earlier].text):
                    found[place] = f"similarity {alike:.3f} with '{candidates[earlier].text[:60]}'"
                    break
        return found


@cache
def _encoder(name: str) -> Any:
    from encoders import get_encoder

    return get_encoder(name)
