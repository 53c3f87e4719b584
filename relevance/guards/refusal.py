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
def _phrases() -> dict[str, list[tuple[str, ...]]]:
    """Refusals as folded words by their first word, the longest first."""
    lines = (Path(__file__).parent / "refusals.txt").read_text(encoding="utf-8").splitlines()
    phrases = {tuple(folded_words(line)) for line in lines if folded_words(line) and not line.startswith("#")}
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for phrase in sorted(phrases, key=lambda phrase: (-len(phrase), phrase)):
        by_first.setdefault(phrase[0], []).append(phrase)
    return by_first


@cache
def _fillers() -> frozenset[str]:
    lines = (Path(__file__).parent / "fillers.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in folded_words(line))


def _is_refusal(answer: GuardInput) -> bool:
    found = answer.words
    if not 0 < len(found) <= 40:
        return False
    phrases = _phrases()
    if phrases.keys().isdisjoint(found):
        return False
    rest: list[str] = []
    place = 0
    while place < len(found):
        starting = phrases.get(found[place], ())
        phrase = next((p for p in starting if tuple(found[place : place + len(p)]) == p), None)
        if phrase is None:
            rest.append(found[place])
        place += len(phrase or (found[place],))
    if len(rest) == len(found):
        return False
    asked = set(answer.question_words)
    own = [word for word in rest if word not in asked and word not in _fillers()]
    return len(own) <= (MAX_OWN_CHARACTERS if is_unspaced(answer.text) else MAX_OWN_WORDS)


REFUSAL = Guard("refusal", "says that it does not know, and nothing else", _is_refusal)
