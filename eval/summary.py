"""From the outcomes of questions to the result of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.outcomes import Case, QuestionOutcome, events
from eval.results import FamilyResult, GradingQuality, Rate, SuiteResult, total_rate
from eval.shards import Shard
from eval.statistics import mean_over_questions

LEAKS_PER_FAMILY = 20
"""Leaks of one family in one language that a result keeps to read, the highest grades first."""
WORST_CASES = 50
"""How many honest answers turned away, and how many near misses, a result keeps to read."""


@dataclass(frozen=True)
class FamilyEntry:
    """What a result says of a family beside its numbers."""

    name: str
    tier: str
    severity: str


def summarise(
    target: str,
    settings: Mapping[str, Any],
    families: Sequence[FamilyEntry],
    outcomes: Iterable[QuestionOutcome],
    shard: Shard | None = None,
) -> SuiteResult:
    """The result of these outcomes. It does not depend on their order: shards put together give the same bytes."""
    ordered = tuple(sorted(outcomes, key=lambda outcome: outcome.question_id))
    by_language = _genuine(ordered)
    return SuiteResult(
        target=target,
        settings=settings,
        families=tuple(_families(families, ordered)),
        genuine=total_rate(list(by_language.values())),
        grading=_grading(ordered),
        leaks=tuple(_kept_leaks(ordered)),
        false_rejections=_worst(ordered, lambda outcome: outcome.false_rejections, lambda case: case.relevance or 0),
        near_misses=_worst(ordered, lambda outcome: outcome.near_misses, lambda case: -(case.relevance or 0)),
        genuine_by_language=by_language,
        outcomes=ordered,
        shard=shard,
        zeroed=Rate(sum(item.grading.zeroed for item in ordered), sum(item.grading.credited for item in ordered)),
    )


def _families(families: Sequence[FamilyEntry], outcomes: Sequence[QuestionOutcome]) -> list[FamilyResult]:
    rates: dict[tuple[str, str], list[Rate]] = defaultdict(list)
    for outcome in outcomes:
        for name, verdicts in outcome.attacks.items():
            rates[name, outcome.language].append(Rate(events(verdicts), len(verdicts)))
    languages = sorted({outcome.language for outcome in outcomes})
    return [
        FamilyResult(family.name, family.tier, family.severity, language, total_rate(rates[family.name, language]))
        for family in families
        for language in languages
        if (family.name, language) in rates
    ]


def _genuine(outcomes: Sequence[QuestionOutcome]) -> dict[str, Rate]:
    rates: dict[str, list[Rate]] = defaultdict(list)
    for outcome in outcomes:
        rates[outcome.language].append(Rate(events(outcome.genuine), len(outcome.genuine)))
    return {language: total_rate(own) for language, own in sorted(rates.items())}


def _grading(outcomes: Sequence[QuestionOutcome]) -> GradingQuality:
    gradings = [outcome.grading for outcome in outcomes]
    kappas = [grading.qwk for grading in gradings if grading.qwk is not None]
    return GradingQuality(
        answers=sum(grading.answers for grading in gradings),
        qwk=mean_over_questions(kappas),
        qwk_constant=mean_over_questions([item.qwk_constant for item in gradings if item.qwk_constant is not None]),
        mae=mean_over_questions([grading.mae for grading in gradings]),
        questions=len(kappas),
    )


def _kept_leaks(outcomes: Sequence[QuestionOutcome]) -> list[Case]:
    cases = [case for outcome in outcomes for case in outcome.leaks]
    cases.sort(key=lambda case: (-case.grade / case.max_grade, case.question_id, case.family, case.case))
    kept, counts = [], defaultdict[tuple[str, str], int](int)
    for case in cases:
        counts[case.family, case.language] += 1
        if counts[case.family, case.language] <= LEAKS_PER_FAMILY:
            kept.append(case)
    return kept


def _worst(
    outcomes: Sequence[QuestionOutcome],
    of: Callable[[QuestionOutcome], tuple[Case, ...]],
    rank: Callable[[Case], float],
) -> tuple[Case, ...]:
    cases = [case for outcome in outcomes for case in of(outcome)]
    return tuple(sorted(cases, key=lambda case: (rank(case), case.question_id, case.case))[:WORST_CASES])
