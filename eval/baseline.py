"""A blessed run, and what has changed since: the same cases, paired."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from eval.contract import read_result
from eval.outcomes import GENUINE, HELD, Case, Verdict
from eval.results import TIERS, SuiteResult
from eval.statistics import McNemar, PairedDifference, holm, mcnemar, paired_difference

DEFAULT_BASELINE = Path("answergate-baseline.json")
ALPHA = 0.05
"""Level of the whole comparison: the chance that a grader which has not changed is called worse."""
PROMISED = ("must_reject", "must_not_gain", "must_not_move")
"""Tiers whose change for the worse fails a comparison; `semantic` is reported."""


class IncomparableRunsError(ValueError):
    """Two runs that did not try the same cases; the message says what differs and what to do."""

    exit_code: ClassVar[int] = 2


class PartialRunError(ValueError):
    """A part of a run, or one that the target broke off, where a whole one is needed."""

    exit_code: ClassVar[int] = 4


@dataclass(frozen=True)
class Change:
    """One tier, one family or the honest answers in two runs. `p_holm` is adjusted over all changes of its level."""

    name: str
    level: str
    test: McNemar
    before: int
    after: int
    p_holm: float

    @property
    def differs(self) -> bool:
        """Whether any case came out differently."""
        return bool(self.test.newly or self.test.no_longer)

    @property
    def worse(self) -> bool:
        """Whether it got worse by more than chance would."""
        return self.p_holm <= ALPHA


@dataclass(frozen=True)
class ChangedCase:
    """A case that came out differently. `case` is None where neither result kept its text."""

    family: str
    question: str
    language: str
    key: str
    worse: bool
    case: Case | None


@dataclass(frozen=True)
class Comparison:
    """A run beside its baseline: `changes` of tiers, families and honest answers, and every case that changed.

    `grading` is how much kappa fell (baseline minus run), question by question.
    """

    baseline_target: str
    changes: tuple[Change, ...]
    cases: tuple[ChangedCase, ...]
    grading: PairedDifference
    grading_p_holm: float

    @property
    def worse(self) -> list[Change]:
        """Changes for the worse that count."""
        return [change for change in self.changes if change.worse]

    @property
    def grading_worse(self) -> bool:
        """Whether kappa fell by more than chance would have it."""
        return self.grading_p_holm <= ALPHA

    @property
    def new_events(self) -> list[ChangedCase]:
        """Cases that only the new run gets wrong."""
        return [case for case in self.cases if case.worse]

    def exit_code(self, strict: bool = False) -> int:
        """3 when something got worse (with `strict`: when any single case did), else 0."""
        return 3 if self.worse or self.grading_worse or (strict and self.new_events) else 0


def bless(path: str | os.PathLike[str], baseline: str | os.PathLike[str] = DEFAULT_BASELINE) -> SuiteResult:
    """Make a result the baseline: read it, check it, write it whole.

    Raises:
        ResultFileError: it is no result.
        PartialRunError: it is a shard.
    """
    result = read_result(path)
    _require_whole(result, str(path))
    result.write(baseline)
    return result


def compare(result: SuiteResult, baseline: SuiteResult) -> Comparison:
    """Pair every case of two runs.

    Tiers, families and honest answers are each tested with McNemar's exact test, one-sided for the worse, and kappa
    with a paired test over questions; Holm's adjustment keeps the chance of a false alarm over all of them at `ALPHA`.
    The assumptions are those of `mcnemar` and `paired_difference`.

    Raises:
        PartialRunError: one of the two is a shard.
        IncomparableRunsError: they did not try the same cases.
    """
    _require_whole(result, "this run")
    _require_whole(baseline, "the baseline")
    _require_same(result, baseline)
    pairs = _paired(result, baseline)
    tier_of = {family.name: family.tier for family in (*baseline.families, *result.families)}
    tests: list[tuple[str, str, list[_Pair]]] = []
    for tier in TIERS:
        own = [pair for pair in pairs if tier_of.get(pair.family) == tier]
        if own:
            tests.append((tier, "tier", own))
    for name in result.family_names():
        tests.append((name, "family", [pair for pair in pairs if pair.family == name]))
    tests.append((GENUINE, "genuine", [pair for pair in pairs if pair.family == GENUINE]))
    counted = [(name, level, own, _mcnemar(own)) for name, level, own in tests]
    judged = [
        row for row, (name, level, _, _) in enumerate(counted)
        if level == "genuine" or (name if level == "tier" else tier_of[name]) in PROMISED
    ]  # fmt: skip
    grading = _kappa_falls(result, baseline)
    *adjusted_p, grading_p = holm([*(counted[row][3].p_worse for row in judged), grading.p_above])
    adjusted = dict(zip(judged, adjusted_p, strict=True))
    changes = tuple(
        Change(name, level, test, _count(own, "before"), _count(own, "after"), adjusted.get(row, 1.0))
        for row, (name, level, own, test) in enumerate(counted)
    )
    cases = tuple(_changed_cases(pairs, result, baseline))
    return Comparison(baseline.target, changes, cases, grading, grading_p)


@dataclass(frozen=True)
class _Pair:
    family: str
    question_id: str
    key: str
    before: Verdict
    after: Verdict

    @property
    def changed(self) -> bool:
        return (self.before == HELD) != (self.after == HELD)


def _require_whole(result: SuiteResult, name: str) -> None:
    if result.shard is not None:
        raise PartialRunError(
            f"{name} is shard {result.shard} of a run; put all shards together with `answergate eval merge` first"
        )
    if not result.complete:
        raise PartialRunError(
            f"{name} is not complete: the target failed on {len(result.failures)} question(s) or more"
        )


def _require_same(result: SuiteResult, baseline: SuiteResult) -> None:
    again = "compare runs with the same settings, or bless a new baseline"
    for name in ("suite_version", "seed", "per_question", "support", "repeats"):
        own, other = result.settings.get(name), baseline.settings.get(name)
        if own != other:
            raise IncomparableRunsError(f"{name} is {own!r} in this run and {other!r} in the baseline; {again}")
    own_families, other_families = set(result.settings["families"]), set(baseline.settings["families"])
    if own_families != other_families:
        told = _difference(own_families, other_families)
        raise IncomparableRunsError(f"the runs have different families: {told}; {again}")
    own_ids = {outcome.question_id: outcome.text for outcome in result.outcomes}
    other_ids = {outcome.question_id: outcome.text for outcome in baseline.outcomes}
    if own_ids.keys() != other_ids.keys():
        own_texts = {own_ids[key] for key in own_ids.keys() - other_ids.keys()}
        other_texts = {other_ids[key] for key in other_ids.keys() - own_ids.keys()}
        raise IncomparableRunsError(
            f"the runs have different questions: {_difference(own_texts, other_texts)}; {again}"
        )
    for one, other in zip(result.outcomes, baseline.outcomes, strict=True):
        for name in (GENUINE, *sorted(one.attacks.keys() | other.attacks.keys())):
            mine, theirs = (
                outcome.genuine if name == GENUINE else outcome.attacks.get(name, {}) for outcome in (one, other)
            )
            if mine.keys() != theirs.keys():
                shared = len(mine.keys() & theirs.keys())
                raise IncomparableRunsError(
                    f"question '{one.text[:60]}', {name}: {shared} of {len(mine)} cases are in the baseline ("
                    f"graded answers, attacks or the code that makes them have changed); {again}"
                )


def _difference(own: set[str], other: set[str]) -> str:
    parts = []
    for title, names in (("only in this run", own - other), ("only in the baseline", other - own)):
        if names:
            shown = ", ".join(f"'{name[:50]}'" for name in sorted(names)[:3])
            parts.append(f"{title} {shown}{f' and {len(names) - 3} more' if len(names) > 3 else ''}")
    return "; ".join(parts)


def _paired(result: SuiteResult, baseline: SuiteResult) -> list[_Pair]:
    pairs: list[_Pair] = []
    for one, other in zip(result.outcomes, baseline.outcomes, strict=True):
        pairs += _of(GENUINE, one.question_id, other.genuine, one.genuine)
        for name, verdicts in one.attacks.items():
            pairs += _of(name, one.question_id, other.attacks[name], verdicts)
    return pairs


def _of(family: str, question_id: str, before: Mapping[str, Verdict], after: Mapping[str, Verdict]) -> list[_Pair]:
    return [_Pair(family, question_id, key, before[key], verdict) for key, verdict in after.items()]


def _kappa_falls(result: SuiteResult, baseline: SuiteResult) -> PairedDifference:
    falls = [
        (one.question_id, other.grading.qwk - one.grading.qwk)
        for one, other in zip(result.outcomes, baseline.outcomes, strict=True)
        if one.grading.qwk is not None and other.grading.qwk is not None
    ]
    return paired_difference([fall for _, fall in falls], [name for name, _ in falls], allowance=0.0)


def _mcnemar(pairs: list[_Pair]) -> McNemar:
    newly = sum(pair.changed and pair.after != HELD for pair in pairs)
    return mcnemar(len(pairs), newly, sum(pair.changed for pair in pairs) - newly)


def _count(pairs: list[_Pair], side: str) -> int:
    return sum(getattr(pair, side) != HELD for pair in pairs)


def _changed_cases(pairs: list[_Pair], result: SuiteResult, baseline: SuiteResult) -> list[ChangedCase]:
    questions = {outcome.question_id: outcome for outcome in result.outcomes}
    told = {
        (case.question_id, case.case): case
        for run in (baseline, result)
        for case in (*run.leaks, *run.false_rejections)
    }
    found = []
    for pair in pairs:
        if pair.changed:
            outcome = questions[pair.question_id]
            case = told.get((pair.question_id, pair.key))
            worse = pair.after != HELD
            found.append(ChangedCase(pair.family, outcome.text, outcome.language, pair.key, worse, case))
    return sorted(found, key=lambda item: (not item.worse, item.family, item.language, item.key))
