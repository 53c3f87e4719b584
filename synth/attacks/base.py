"""What an attack family is: a named, seeded maker of adversarial answers to one question."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from synth.graded import GradedQuestion

Tier = Literal["must_reject", "must_not_gain", "must_not_move", "semantic"]
Severity = Literal["critical", "high", "medium"]


@dataclass(frozen=True)
class AttackContext:
    """Everything a family may use to attack one question.

    `question.answers` are the graded answers the attacker may know. `course` holds other questions of the same group,
    `elsewhere` questions of other subjects (both in any language). `translations` holds the same question in other
    languages, with answers in those languages. `written` holds texts that were written for this question by hand or by
    a language model, by the name of the family they belong to; `make_attacks` mixes them with the generated ones.
    """

    question: GradedQuestion
    course: Sequence[GradedQuestion] = ()
    elsewhere: Sequence[GradedQuestion] = ()
    translations: Sequence[GradedQuestion] = ()
    written: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Attack:
    """One adversarial answer. `clean` and `clean_grade` are the answer it was made from, where the tier compares."""

    text: str
    clean: str | None = None
    clean_grade: float | None = None


Generator = Callable[[AttackContext, random.Random], Iterator[Attack]]


@dataclass(frozen=True)
class AttackFamily:
    """A family's metadata beside its recipe.

    `generate` yields attacks for one question, as many as are asked for, or ends early when the question offers no
    more (a family that needs other questions yields nothing without them). `languages` None means every language.
    """

    name: str
    tier: Tier
    severity: Severity
    summary: str
    source: str
    generate: Generator = field(repr=False)
    languages: frozenset[str] | None = None

    def supports(self, language: str) -> bool:
        """Whether the family can attack questions in this BCP 47 language (by its primary subtag)."""
        return self.languages is None or language.split("-")[0] in self.languages
