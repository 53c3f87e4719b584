"""The question handed back: as it is, in part, reordered, in other case or accents."""

from __future__ import annotations

from relevance.guards.base import Guard, GuardInput
from synth.text import is_unspaced, longest_common_run

MIN_SPAN_WORDS = 5
MIN_SPAN_CHARACTERS = 8
"""In scripts without spaces."""


def _is_copied(answer: GuardInput) -> bool:
    if not answer.words:
        return False
    if not any(char.isalnum() for char in answer.own_text):
        return True
    if answer.graded_spans:
        # Here a piece of the question can be right ("Which is larger, a whale or a horse?").
        return False
    asked = set(answer.question_words)
    new_words = [word for word in answer.words if word not in asked]
    if new_words:
        return False
    needed = MIN_SPAN_CHARACTERS if is_unspaced(answer.text) else MIN_SPAN_WORDS
    if answer.graded_spans is False:
        # Enough graded answers, and none that earned anything is a piece of the question.
        needed = needed // 2
    if len(answer.words) >= max(needed, int(0.6 * len(answer.question_words))):
        return True
    return len(answer.words) >= needed and longest_common_run(answer.words, answer.question_words)[2] >= needed


COPIED_QUESTION = Guard("copied-question", "the question's own words and nothing else", _is_copied)
