"""What a target is, what it says of a text, and what is said of it when it breaks its contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from synth.graded import GradedAnswer, GradedQuestion

Fault = Literal[
    "out of range", "not a number", "missing rows", "garbage", "crash", "timeout", "unreachable", "refused", "exhausted"
]  # fmt: skip
"""How a target broke its contract.

`garbage` is a reply that cannot be read, `refused` one in which the target says that it will not answer, `unreachable`
none at all. `exhausted` says that the target works and takes no more queries of this question.
"""
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class TargetGrade:
    """What a target says of one text.

    `grade` is 0 … the question's maximum. What follows is said by the targets that know it: `relevance` is P(relevant),
    0 … 1; `reason` says why the text was turned away, None when it was not; `expected_grade` is the mean of the
    target's distribution over grades, finer than the grade itself.
    """

    grade: float
    relevance: float | None = None
    reason: str | None = None
    expected_grade: float | None = None


class Target(Protocol):
    """Anything that grades."""

    name: str

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """Grade `answers` to `question` after learning from `support`; one result per answer, in order.

        Raises:
            TargetError: the target did not do so.
        """
        ...


class TargetError(RuntimeError):
    """The target broke its contract. `fault` says how, `question` and `answer` where (None when that is not known)."""

    exit_code: ClassVar[int] = 4

    def __init__(self, fault: Fault, detail: str, question: str | None = None, answer: str | None = None) -> None:
        self.fault = fault
        self.detail = detail
        self.question = question
        self.answer = answer
        place = "" if question is None else f"; question {shown(question)}"
        place += "" if answer is None else f", answer {shown(answer)}"
        super().__init__(f"{fault}: {detail}{place}")

    def at(self, question: str, answer: str | None = None) -> TargetError:
        """The same error with the place it was found at; what is known already stays."""
        return TargetError(
            self.fault, self.detail, self.question or question, self.answer if answer is None else answer
        )


class TargetExhaustedError(TargetError):
    """The target takes no more queries of this question: a budget is used up, or a rate limit outlasts our patience.

    It is no grade, and no broken target either. `graded` holds what the target said before, one item per answer of the
    call that raised it and None for each that was not taken; () when that is not known.
    """

    def __init__(
        self,
        detail: str,
        question: str | None = None,
        answer: str | None = None,
        graded: Sequence[TargetGrade | None] = (),
    ) -> None:
        super().__init__("exhausted", detail, question, answer)
        self.graded = tuple(graded)

    def at(self, question: str, answer: str | None = None) -> TargetExhaustedError:
        """See `TargetError.at`."""
        return TargetExhaustedError(
            self.detail, self.question or question, self.answer if answer is None else answer, self.graded
        )


class TargetConfigError(ValueError):
    """The target is not described in a way that can be used; nothing was asked."""

    exit_code: ClassVar[int] = 2


def shown(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """A text for a message: in quotes, cut, with what would not show written out."""
    return repr(text if len(text) <= most else text[:most] + "…")
