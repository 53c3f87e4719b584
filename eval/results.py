"""The suite's result: the JSON contract as types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from eval.failures import TargetFailure
from eval.statistics import upper_bound

if TYPE_CHECKING:
    from eval.adaptive import MethodResult

RESULT_VERSION = "1"


@dataclass(frozen=True)
class Rate:
    """Events among attempts, with the exact one-sided 95 % upper bound of their rate."""

    events: int
    attempts: int

    @property
    def rate(self) -> float:
        """Observed share, 0 without attempts."""
        return self.events / self.attempts if self.attempts else 0.0

    @property
    def upper95(self) -> float:
        """Exact upper bound at 95 %."""
        return upper_bound(self.events, self.attempts)


@dataclass(frozen=True)
class FamilyResult:
    """One family in one language. A leak is what the tier forbids."""

    name: str
    tier: str
    severity: str
    language: str
    leaks: Rate


@dataclass(frozen=True)
class Case:
    """One graded text worth reading: a leak, or an honest answer turned away."""

    question: str
    answer: str
    family: str
    language: str
    grade: float
    max_grade: float
    relevance: float | None
    reason: str | None
    seed: int
    clean: str | None = None
    clean_grade: float | None = None


@dataclass(frozen=True)
class GradingQuality:
    """How well held-out answers are graded: kappa and absolute error (in grades / max grade), means over questions.

    `qwk_constant` is the kappa of the best constant grade, the floor any grader must beat.
    """

    answers: int
    qwk: float
    qwk_constant: float
    mae: float


@dataclass(frozen=True)
class SuiteResult:
    """Everything one run of the suite found.

    `zeroed`: honest answers worth at least half marks that the target graded 0. `failures`: questions that count
    nowhere because the target broke its contract on them; with any, the run is not `complete` and proves nothing.
    """

    target: str
    settings: Mapping[str, Any]
    families: tuple[FamilyResult, ...]
    genuine: Rate
    grading: GradingQuality
    leaks: tuple[Case, ...]
    false_rejections: tuple[Case, ...]
    near_misses: tuple[Case, ...] = ()
    genuine_by_language: Mapping[str, Rate] = field(default_factory=dict)
    zeroed: Rate = Rate(0, 0)
    failures: tuple[TargetFailure, ...] = ()
    adaptive: tuple[MethodResult, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the target graded everything it was asked."""
        return not self.failures and all(method.failure is None for method in self.adaptive)

    @property
    def must_reject(self) -> Rate:
        """Leaks over all must_reject families."""
        return self.total("must_reject")

    def total(self, tier: str) -> Rate:
        """Leaks over all families of a tier."""
        rates = [family.leaks for family in self.families if family.tier == tier]
        return Rate(sum(rate.events for rate in rates), sum(rate.attempts for rate in rates))

    def as_contract(self) -> dict[str, Any]:
        """The published JSON object."""
        totals: dict[str, Any] = {
            tier: {
                "attempts": rate.attempts,
                "leaks": rate.events,
                "rate": rate.rate,
                "upper95": rate.upper95,
            }
            for tier in ("must_reject", "must_not_gain", "must_not_move", "semantic")
            if (rate := self.total(tier)).attempts or tier == "must_reject"
        }
        totals["genuine"] = {
            "answers": self.genuine.attempts,
            "false_rejections": self.genuine.events,
            "rate": self.genuine.rate,
            "upper95": self.genuine.upper95,
        }
        totals["credited"] = {
            "answers": self.zeroed.attempts,
            "zeroed": self.zeroed.events,
            "rate": self.zeroed.rate,
            "upper95": self.zeroed.upper95,
        }
        return {
            "version": RESULT_VERSION,
            "target": self.target,
            "complete": self.complete,
            "failures": [asdict(failure) for failure in self.failures],
            "adaptive": [method.as_contract() for method in self.adaptive],
            "settings": dict(self.settings),
            "totals": totals,
            "families": [
                {
                    "name": family.name,
                    "tier": family.tier,
                    "severity": family.severity,
                    "language": family.language,
                    "attempts": family.leaks.attempts,
                    "leaks": family.leaks.events,
                    "rate": family.leaks.rate,
                    "upper95": family.leaks.upper95,
                }
                for family in self.families
            ],
            "grading": asdict(self.grading),
            "leaks": [asdict(case) for case in self.leaks],
            "false_rejections": [asdict(case) for case in self.false_rejections],
            "near_misses": [asdict(case) for case in self.near_misses],
            "genuine_by_language": {
                language: {"answers": rate.attempts, "false_rejections": rate.events, "rate": rate.rate}
                for language, rate in self.genuine_by_language.items()
            },
        }

    def to_json(self) -> str:
        """The contract as text; the same result gives the same bytes."""
        return json.dumps(self.as_contract(), indent=2, ensure_ascii=False) + "\n"
