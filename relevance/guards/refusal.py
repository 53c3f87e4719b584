"""'I don't know', in words students use."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from relevance.guards.base import Guard, GuardInput
from synth.text import folded_words, is_unspaced

MAX_OWN_WORDS = 2
MAX_OWN_CHARACTERS = 4
"""In scripts without spaces."""


@cache
def _phrases() -> tuple[tuple[str, ...], ...]:
    """Refusals as folded words, the longest first."""
    lines = (Path(__file__).parent / "refusals.txt").read_text(encoding="utf-8").splitlines()
    phrases = {tuple(folded_words(line)) for line in lines if folded_words(line) and not line.startswith("#")}
    return tuple(sorted(phrases, key=lambda phrase: (-len(phrase), phrase)))


@cache
def _fillers() -> frozenset[str]:
    lines = (Path(__file__).parent / "fillers.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in folded_words(line))


def _is_refusal(answer: GuardInput) -> bool:
    found = answer.words
    if not 0 < len(found) <= 40:
        return False
    rest = found
    for phrase in _phrases():
        rest = _without(rest, phrase)
    if len(rest) == len(found):
        return False
    asked = set(answer.question_words)
    own = [word for word in rest if word not in asked and word not in _fillers()]
    return len(own) <= (MAX_OWN_CHARACTERS if is_unspaced(answer.text) else MAX_OWN_WORDS)


def _without(found: list[str], phrase: tuple[str, ...]) -> list[str]:
    if phrase[0] not in found:
        return found
    size = len(phrase)
    for start in range(len(found) - size + 1):
        if tuple(found[start : start + size]) == phrase:
            return found[:start] + found[start + size :]
    return found


REFUSAL = Guard("refusal", "says that it does not know, and nothing else", _is_refusal)
