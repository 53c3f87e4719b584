"""One or two words over and over."""

from __future__ import annotations

from collections import Counter

from relevance.guards.base import Guard, GuardInput
from synth.text import is_unspaced

MIN_WORDS = 8
MAX_SHARE = 0.6


def _is_repeated(answer: GuardInput) -> bool:
    if is_unspaced(answer.text):
        # Single characters do repeat in honest texts; a repeated word shows as few different characters.
        return len(answer.words) >= 3 * MIN_WORDS and len(set(answer.words)) <= len(answer.words) / 6
    if len(answer.words) < MIN_WORDS or all(word.isdigit() for word in answer.words):
        return False
    common = Counter(answer.words).most_common(2)
    return common[0][1] > MAX_SHARE * len(answer.words) or len(set(answer.words)) <= 2


REPEATED_WORD = Guard("repeated-word", "one or two words over and over", _is_repeated)
