"""One or two words, or a few characters, over and over."""

from __future__ import annotations

from collections import Counter

import regex

from relevance.guards.base import Guard, GuardInput
from synth.text import fold, is_unspaced

MIN_WORDS = 5
MAX_SHARE = 0.6
MAX_UNIT = 16
_REPEATED_UNIT = regex.compile(rf"(.{{1,{MAX_UNIT}}}?)\1{{3,}}(.{{0,{MAX_UNIT - 1}}})")
"""A short unit at least four times on end, the last copy perhaps cut short."""


def _is_repeated(answer: GuardInput) -> bool:
    letters = "".join(filter(str.isalpha, fold(answer.text)))
    # Most texts use more different letters than a unit has.
    match = _REPEATED_UNIT.fullmatch(letters) if len(set(letters)) <= MAX_UNIT else None
    if match is not None and match.group(1).startswith(match.group(2)):
        return True
    if is_unspaced(answer.text):
        # Single characters do repeat in honest texts; a repeated word shows as few different characters.
        return len(answer.words) >= 4 * MIN_WORDS and len(set(answer.words)) <= len(answer.words) / 6
    if len(answer.words) < MIN_WORDS or all(word.isdigit() for word in answer.words):
        return False
    return Counter(answer.words).most_common(1)[0][1] > MAX_SHARE * len(answer.words)


REPEATED_WORD = Guard("repeated-word", "one word, or a few characters, over and over", _is_repeated)
