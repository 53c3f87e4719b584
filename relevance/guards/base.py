"""What a guard is and what it sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from synth.text import folded_words


@dataclass(frozen=True)
class GuardInput:
    """One answer before the guards.

    `text` is the cleaned answer, `own_text` what is left of it without a quoted question, `raw` what was handed in.
    `known_scripts` are the scripts of the question, its references, its graded answers and the accepted languages.
    """

    raw: str
    text: str
    own_text: str
    question: str
    language: str
    known_scripts: frozenset[str]
    graded_headings: frozenset[str] = frozenset()
    """Headings (`blank.MASTER_KEYS`) in references and in graded answers with a grade above 0."""
    graded_spans: bool | None = None
    """Whether a graded answer with a grade above 0 is a piece of the question (None when there are too few to tell)."""

    @cached_property
    def words(self) -> list[str]:
        """Folded words of the cleaned answer."""
        return folded_words(self.text)

    @cached_property
    def question_words(self) -> list[str]:
        """Folded words of the question."""
        return folded_words(self.question)


@dataclass(frozen=True)
class Guard:
    """A rule with a name that reports carry; `rejects` is true for an answer to be turned away."""

    name: str
    summary: str
    rejects: Callable[[GuardInput], bool]
