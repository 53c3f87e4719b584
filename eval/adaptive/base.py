"""What an adaptive attack is given, and what it brings home."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from eval.results import Rate
from eval.suite import Divided
from eval.targets import Target
from synth.attacks import AttackContext

SHOWN_FINDS = 3
"""Finds kept of one question and method."""


class AdaptiveError(ValueError):
    """The adaptive attacks are not described in a way that can be used."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class WriterSettings:
    """The language model that writes attacks."""

    model: str
    base_url: str | None = None
    key_variable: str = "OPENAI_API_KEY"
    timeout: float = 120.0


@dataclass(frozen=True)
class AdaptiveSettings:
    """How hard to search: at most `budget` texts graded per question and method."""

    budget: int
    methods: tuple[str, ...]
    seed: int = 0
    writer: WriterSettings | None = None


@dataclass(frozen=True)
class Attacked:
    """A question as the attacker knows it: what the target learned from, and what may be borrowed."""

    divided: Divided
    context: AttackContext


@dataclass(frozen=True)
class Search:
    """Everything a method works with."""

    target: Target
    questions: Sequence[Attacked]
    settings: AdaptiveSettings
    progress: Callable[[int, int], None]


@dataclass(frozen=True)
class Find:
    """A text that must be rejected and was graded above 0. `query` says how many were graded before it was found."""

    method: str
    question_id: str
    question: str
    language: str
    text: str
    grade: float
    max_grade: float
    relevance: float | None
    query: int
    start: str | None = None


@dataclass(frozen=True)
class Transfer:
    """A universal trigger: found on `train` questions, tried on the `test` questions, which took no part in the search.

    `plain` are leaks of the test questions' texts without it, `triggered` with it; the shares are mean grades by the
    maximum.
    """

    language: str
    trigger: str
    place: str
    train: int
    test: int
    plain: Rate
    triggered: Rate
    plain_share: float
    triggered_share: float


@dataclass(frozen=True)
class MethodResult:
    """What one method found.

    `started` counts the questions on which a text that the search began with leaked by itself, `broken` those on which
    anything leaked: the difference is what the search was worth. `exhausted` counts the questions on which the target
    took no more queries before the budget was used up; one on which it took none at all counts nowhere. `failure` says
    why the search ended early.
    """

    method: str
    summary: str
    queries: int
    started: Rate
    broken: Rate
    finds: tuple[Find, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    failure: str | None = None
    note: str | None = None
    exhausted: int = 0

    def as_contract(self) -> dict[str, Any]:
        """The published JSON object."""
        return {
            "method": self.method,
            "queries": self.queries,
            "questions": self.broken.attempts,
            "started": _rate(self.started),
            "broken": _rate(self.broken),
            "finds": [asdict(find) for find in self.finds],
            "transfers": [
                asdict(item) | {"plain": _rate(item.plain), "triggered": _rate(item.triggered)}
                for item in self.transfers
            ],
            "failure": self.failure,
            "note": self.note,
            "exhausted": self.exhausted,
        }


@dataclass(frozen=True)
class Method:
    """One way to search. `run` raises nothing of the target's: it says so in the result's `failure`."""

    name: str
    summary: str
    source: str
    run: Callable[[Search], MethodResult] = field(repr=False)
    needs_writer: bool = False


def _rate(rate: Rate) -> Mapping[str, float]:
    return {"events": rate.events, "attempts": rate.attempts, "rate": rate.rate, "upper95": rate.upper95}
