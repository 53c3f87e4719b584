"""Answers that say what they are: a grader would learn the label, not the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import regex

from synth.filters.base import Candidate, FilterContext
from synth.replies.labels import split_label

_ANYWHERE = regex.compile(
    r"\b(?:(?:in)?correct|incomplete|irrelevant|wrong|off[- ]topic) answer\b"
    r"|\(\s*(?:in)?correct\s*\)|\(\s*incomplete\s*\)|\(\s*irrelevant\s*\)"
    r"|\b(?:falsche|richtige|unvollständige) Antwort\b|\brespuesta (?:in)?correcta\b|\bréponse (?:in)?correcte\b"
    r"|错误答案|正确答案|неправильный ответ|правильный ответ|[\[(](?:grade|score|note|punkte)\s*[:=]\s*\d",
    flags=regex.IGNORECASE,
)


class LabelLeakageFilter:
    """No label in front ("Incorrect answer: …"), none inside ("(incorrect)", "[grade: 2]").

    Injections are made of such words, so families that attack the grader are not looked at.
    """

    name: ClassVar[str] = "label_leakage"
    summary: ClassVar[str] = "says which kind of answer it is"

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        found = {}
        for place, candidate in enumerate(candidates):
            if candidate.kind.startswith("injection"):
                continue
            label, _ = split_label(candidate.text)
            inside = _ANYWHERE.search(candidate.text)
            if label:
                found[place] = f"begins with the label '{label}'"
            elif inside and inside.group().casefold() not in context.question.casefold():
                found[place] = f"holds the label '{inside.group()}'"
        return found
