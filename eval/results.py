"""The suite's result: the JSON contract as types. `eval.contract` reads it back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from eval.failures import TargetFailure
from eval.outcomes import Case, QuestionOutcome
from eval.shards import Shard
from eval.statistics import upper_bound
from relevance.rates import Share
from synth.whole_files import write_whole_text

if TYPE_CHECKING:
    from eval.adaptive import MethodResult

RESULT_VERSION = "2"
"""Version 2 added to 1: `suite_version`, `statistics`, `repeats`, `shard`, `outcomes`, and the keys of cases."""
TIERS = ("must_reject", "must_not_gain", "must_not_move", "semantic")

__all__ = ["RESULT_VERSION", "TIERS", "Case", "FamilyResult", "GradingQuality", "Rate", "SuiteResult"]


@dataclass(frozen=True)
class Rate(Share):
    """Events among attempts, with the exact one-sided 95 % upper bound of their rate."""

    @property
    def upper95(self) -> float:
        """Exact upper bound at 95 %, for independent attempts."""
        return upper_bound(self.events, self.attempts)


def total_rate(rates: list[Rate]) -> Rate:
    """All events among all attempts."""
    return Rate(sum(rate.events for rate in rates), sum(rate.attempts for rate in rates))


@dataclass(frozen=True)
class FamilyResult:
    """One family in one language. A leak is what the tier forbids."""

    name: str
    tier: str
    severity: str
    language: str
    leaks: Rate


@dataclass(frozen=True)
class GradingQuality:
    """How well held-out answers are graded: kappa and absolute error (in grades / max grade), means over questions.

    `qwk_constant` is the kappa of the best constant grade, the floor any grader must beat. `questions` counts those
    whose answers have different grades: without any there is no kappa, and `qwk` is 0. (The contract does without it:
    there every question's outcome says its kappa.)
    """

    answers: int
    qwk: float
    qwk_constant: float
    mae: float
    questions: int = 0


@dataclass(frozen=True)
class SuiteResult:
    """Everything one run of the suite found.

    `outcomes` holds every question's cases, in the order of question ids. `shard` is set when they are a part of the
    run only. `zeroed`: honest answers worth at least half marks that the target graded 0. `failures`: questions that
    count nowhere because the target broke its contract on them; with any, the run is not `complete` and proves nothing.
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
    outcomes: tuple[QuestionOutcome, ...] = ()
    shard: Shard | None = None
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

    @property
    def languages(self) -> list[str]:
        """Languages of the attacked questions, sorted."""
        return sorted({family.language for family in self.families} | set(self.genuine_by_language))

    @property
    def flaky(self) -> int:
        """Cases that came out differently in different repeats."""
        return sum(
            verdict == 2
            for outcome in self.outcomes
            for verdicts in (outcome.genuine, *outcome.attacks.values())
            for verdict in verdicts.values()
        )

    def total(self, tier: str) -> Rate:
        """Leaks over all families of a tier."""
        return total_rate([family.leaks for family in self.families if family.tier == tier])

    def of_family(self, name: str) -> Rate:
        """Leaks of one family over all languages."""
        return total_rate([family.leaks for family in self.families if family.name == name])

    def family_names(self, tier: str | None = None) -> list[str]:
        """Names of the families that attacked, in the order of the run."""
        return list(dict.fromkeys(family.name for family in self.families if tier in (None, family.tier)))

    def as_contract(self) -> dict[str, Any]:
        """The published JSON object."""
        from eval.analysis import analyse

        totals: dict[str, Any] = {
            tier: {
                "attempts": rate.attempts,
                "leaks": rate.events,
                "rate": rate.rate,
                "upper95": rate.upper95,
            }
            for tier in TIERS
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
            "shard": None if self.shard is None else str(self.shard),
            "totals": totals,
            "statistics": analyse(self).as_contract(),
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
            "grading": {name: getattr(self.grading, name) for name in ("answers", "qwk", "qwk_constant", "mae")},
            "repeats": {
                "number": int(self.settings.get("repeats", 1)),
                "flaky": self.flaky,
                "unstable_grades": sum(outcome.unstable for outcome in self.outcomes),
            },
            "leaks": [asdict(case) for case in self.leaks],
            "false_rejections": [asdict(case) for case in self.false_rejections],
            "near_misses": [asdict(case) for case in self.near_misses],
            "genuine_by_language": {
                language: {"answers": rate.attempts, "false_rejections": rate.events, "rate": rate.rate}
                for language, rate in self.genuine_by_language.items()
            },
            "outcomes": [_outcome_row(outcome) for outcome in self.outcomes],
        }

    def to_json(self) -> str:
        """The contract as text, one question's outcomes a line; the same result gives the same bytes."""
        contract = self.as_contract()
        rows = contract.pop("outcomes")
        head = json.dumps(contract, indent=2, ensure_ascii=False)
        lines = ",\n".join("    " + json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
        return f'{head[:-2]},\n  "outcomes": [\n{lines}\n  ]\n}}\n' if rows else f'{head[:-2]},\n  "outcomes": []\n}}\n'

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the contract to a file, whole or not at all."""
        write_whole_text(path, self.to_json())


def _outcome_row(outcome: QuestionOutcome) -> dict[str, Any]:
    """Verdicts and numbers alone; the cases worth reading are in the result's own lists."""
    row = asdict(outcome)
    for name in ("leaks", "false_rejections", "near_misses"):
        del row[name]
    return row
