"""A result's statistics beyond its counts: bounds that know the questions, and tests of paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from eval.outcomes import events
from eval.results import TIERS, SuiteResult
from eval.statistics import ASSUMED_ICC, ClusteredRate, PairedDifference, clustered_rate, paired_difference

NOISE_ALLOWANCE = 0.02
"""A mean change of grades up to this share of the maximum grade passes as noise of a grader that rounds to grades."""
COMPARED = ("must_not_gain", "must_not_move")


@dataclass(frozen=True)
class Analysis:
    """`rates` by tier and for `genuine`; `differences` by compared tier."""

    rates: Mapping[str, ClusteredRate]
    differences: Mapping[str, PairedDifference]

    def as_contract(self) -> dict[str, Any]:
        """The part `statistics` of the published JSON object."""
        return {
            "confidence": 0.95,
            "assumed_icc": ASSUMED_ICC,
            "noise_allowance": NOISE_ALLOWANCE,
            "clustered": {
                name: {
                    "questions": rate.clusters,
                    "questions_hit": rate.clusters_hit,
                    "questions_upper95": rate.clusters_upper,
                    "icc": rate.icc,
                    "design_effect": rate.design_effect,
                    "upper95": rate.upper,
                    "interval95": list(rate.interval),
                }
                for name, rate in self.rates.items()
            },
            "differences": {name: asdict(difference) for name, difference in self.differences.items()},
        }


def analyse(result: SuiteResult, confidence: float = 0.95, assumed_icc: float = ASSUMED_ICC) -> Analysis:
    """The statistics of a result that holds its outcomes."""
    tiers = {tier: result.family_names(tier) for tier in TIERS}
    rates = {
        tier: tier_rate(result, names, confidence, assumed_icc)
        for tier, names in tiers.items()
        if names or tier == "must_reject"
    }
    rates["genuine"] = clustered_rate(
        [events(outcome.genuine) for outcome in result.outcomes],
        [len(outcome.genuine) for outcome in result.outcomes],
        confidence,
        assumed_icc,
    )
    return Analysis(
        rates, {tier: differences(result, tiers[tier], NOISE_ALLOWANCE) for tier in COMPARED if tiers[tier]}
    )


def tier_rate(
    result: SuiteResult, families: list[str], confidence: float = 0.95, assumed_icc: float = ASSUMED_ICC,
    language: str | None = None,
) -> ClusteredRate:  # fmt: skip
    """Leaks of some families together, with questions as clusters; of one language's questions, or of all."""
    outcomes = [outcome for outcome in result.outcomes if language in (None, outcome.language)]
    own = [[outcome.attacks.get(name, {}) for name in families] for outcome in outcomes]
    return clustered_rate(
        [sum(events(verdicts) for verdicts in question) for question in own],
        [sum(len(verdicts) for verdicts in question) for question in own],
        confidence,
        assumed_icc,
    )


def differences(
    result: SuiteResult, families: list[str], allowance: float, confidence: float = 0.95
) -> PairedDifference:
    """Grades of some families' attacks beside those of the answers they were made from."""
    values: list[float] = []
    questions: list[str] = []
    for outcome in result.outcomes:
        own = [step for name in families for step in outcome.differences(name)]
        values += own
        questions += [outcome.question_id] * len(own)
    return paired_difference(values, questions, allowance, confidence)
