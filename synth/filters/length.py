"""Answers nobody would hand in: nothing in them, or far too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from synth.filters.base import Candidate, FilterContext


class LengthFilter:
    """At least one letter or digit, at most `most` characters (the longest real short answers have about 1,500)."""

    name: ClassVar[str] = "length"
    summary: ClassVar[str] = "empty, or longer than any short answer"

    def __init__(self, most: int = 2000) -> None:
        self._most = most

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        found = {}
        for place, candidate in enumerate(candidates):
            if not any(char.isalnum() for char in candidate.text):
                found[place] = "no letter or digit"
            elif len(candidate.text) > self._most:
                found[place] = f"{len(candidate.text)} characters, more than {self._most}"
        return found
