"""The guards in the order they are asked: the plainest reason first."""

from __future__ import annotations

from relevance.guards import blank, copied_question, encoded, injection, refusal, repeated_word, script
from relevance.guards.base import Guard, GuardInput

_GUARDS: tuple[Guard, ...] = (
    blank.BLANK,
    blank.NO_WORDS,
    blank.MASTER_KEY,
    refusal.REFUSAL,
    copied_question.COPIED_QUESTION,
    repeated_word.REPEATED_WORD,
    encoded.ENCODED,
    encoded.MARKUP_ONLY,
    injection.INJECTION,
    script.WRONG_SCRIPT,
)


def guards() -> tuple[Guard, ...]:
    """All guards, in the order they are asked."""
    return _GUARDS


def first_rejection(answer: GuardInput) -> str | None:
    """Name of the first guard that turns the answer away, or None."""
    return next((guard.name for guard in _GUARDS if guard.rejects(answer)), None)
