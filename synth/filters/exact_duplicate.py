"""Answers that another one says with the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from synth.filters.base import Candidate, FilterContext
from synth.text import fold, folded_words


class ExactDuplicateFilter:
    """The first of several answers with the same words stays; case, accents and punctuation make no difference.

    Answers shown to the model as examples count as there already.
    """

    name: ClassVar[str] = "exact_duplicate"
    summary: ClassVar[str] = "the same words as an earlier answer"

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        seen = {_key(text): "an example that was shown" for text in context.known}
        found = {}
        for place, candidate in enumerate(candidates):
            key = _key(candidate.text)
            if key in seen:
                found[place] = f"the same words as {seen[key]}"
            else:
                seen[key] = f"answer {place + 1}"
        return found


def _key(text: str) -> tuple[str, ...] | str:
    # A formula has few words: "a+b" and "a-b" differ in nothing else, so signs count where words are few.
    words = folded_words(text)
    return tuple(words) if len(words) > 3 else "".join(fold(text).split()).strip(".,;:!?。、！？।؟…")
