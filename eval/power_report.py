"""What a run will be able to show, said before it is paid for."""

from __future__ import annotations

from collections.abc import Sequence

from eval.statistics import clustered_rate, detectable_regression, upper_bound
from eval.suite import MIN_ANSWERS, SuiteSettings
from synth.graded import GradedQuestion

ALPHA = 0.05
POWER = 0.8


def power_lines(questions: Sequence[GradedQuestion], settings: SuiteSettings) -> list[str]:
    """Two sentences for a terminal: the lowest rate that no leak would show, and the smallest rise that is found.

    A family that runs dry on a question makes fewer attacks than asked for, so the numbers are the best case.
    """
    usable = [question for question in questions if len(question.answers) >= MIN_ANSWERS]
    tried = [
        sum(family.supports(question.language) for family in settings.families if family.tier == "must_reject")
        for question in usable
    ]
    each, per_family = settings.per_question, settings.per_question * len(usable)
    attempts = each * sum(tried)
    if not attempts:
        return ["power: no must_reject attack will be made; this run cannot show that nonsense scores 0"]
    together = clustered_rate([0] * len(usable), [each * count for count in tried])
    tests = len(settings.families) + 1
    none, all_none = upper_bound(0, per_family), upper_bound(0, attempts)
    one_rise, all_rise = _found(per_family, tests), _found(attempts, tests)
    return [
        f"power: {per_family} attacks per family without a leak show a rate under {_percent(none)};",
        f"    all {attempts} must_reject attacks under {_percent(all_none)}, with the questions as",
        f"    clusters under {_percent(together.upper)} (95 %). Against a baseline, a rise is found",
        f"    {POWER:.0%} of the time from {_rise(all_rise)} of all attacks, {_rise(one_rise)} of one family's.",
    ]


def _found(pairs: int, tests: int) -> float:
    """Holm's first step holds the smallest p-value against alpha / tests."""
    return detectable_regression(pairs, POWER, ALPHA / tests)


def _rise(share: float) -> str:
    return "no rise" if share == 1 else _percent(share)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"
