"""Answers written in a script that the question's language does not use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import regex

from synth.filters.base import Candidate, FilterContext
from synth.languages import share_in_script
from synth.text import script_counts

_FORMULAS = regex.compile(r"(?<![A-Za-z])(?:[A-Za-z]{1,2}|[A-Za-z]*[a-z]?[A-Z]+[A-Za-z]*)(?![a-z])")
"""Latin letters that every script uses: units, variables, DNA, CaCO3."""


class ScriptFilter:
    """At least `least` of the letters are in a script of the language; texts of under `letters` letters pass.

    Names and terms of other scripts are normal in honest answers, so the bound is low, a handful of letters proves
    nothing, and formulas and units do not count.
    """

    name: ClassVar[str] = "script"
    summary: ClassVar[str] = "letters of a script the language does not use"

    def __init__(self, least: float = 0.5, letters: int = 8) -> None:
        self._least = least
        self._letters = letters

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        found = {}
        for place, candidate in enumerate(candidates):
            text = _FORMULAS.sub(" ", candidate.text)
            share = share_in_script(text, candidate.language)
            if share < self._least and script_counts(text).total() >= self._letters:
                found[place] = f"{share:.0%} of the letters are in a script of {candidate.language}"
        return found
