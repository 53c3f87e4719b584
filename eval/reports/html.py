"""One self-contained HTML page: no script, no network, light and dark, phone and desktop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.analysis import COMPARED, Analysis, analyse
from eval.baseline import Comparison
from eval.history import StoredRun
from eval.reports.trend import HEIGHT, WIDTH, trends
from eval.results import Case, FamilyResult, Rate, SuiteResult, total_rate
from eval.statistics import ClusteredRate
from eval.thresholds import Check
from synth.pages import page_environment
from synth.whole_files import write_whole_text

TIER_TITLES = {
    "must_reject": "Must be rejected: nonsense and cheating, grade 0",
    "must_not_gain": "Must not gain: a trick added to a wrong or partial answer",
    "must_not_move": "Must not move: harmless changes to an honest answer",
    "semantic": "Semantic changes: reported, not part of the promise",
}
SHOWN_LEAKS = 40
SHOWN_AWAY = 20
MOST_LEAKING = 5


@dataclass(frozen=True)
class FamilyRow:
    """One family over all languages: its rate here and, beside it, in the baseline run."""

    name: str
    severity: str
    leaks: Rate
    interval: tuple[float, float]
    baseline: Rate | None
    cells: tuple[Rate | None, ...]


@dataclass(frozen=True)
class TierTable:
    """The families of one tier, those that leak most first; `held` are those that never leaked, here or before."""

    tier: str
    title: str
    total: Rate
    clustered: ClusteredRate
    rows: tuple[FamilyRow, ...]
    held: tuple[FamilyRow, ...]
    by_language: tuple[Rate | None, ...]


def write_html(
    path: str | os.PathLike[str],
    result: SuiteResult,
    checks: Sequence[Check] = (),
    baseline: SuiteResult | None = None,
    comparison: Comparison | None = None,
    history: Sequence[StoredRun] = (),
) -> None:
    """Write the page.

    Args:
        checks: thresholds to show as passed or broken.
        baseline: another run on the same questions, drawn beside this one.
        comparison: what changed since that run, case by case.
        history: stored runs, the oldest first, for the trend.
    """
    environment = page_environment(Path(__file__).parent)
    analysis = analyse(result)
    environment.filters["percent"] = percent
    environment.filters["shade"] = shade
    page = environment.get_template("report.html.j2").render(
        result=result,
        baseline=baseline,
        comparison=comparison,
        checks=list(checks),
        broken=sum(not item.passed for item in checks),
        languages=result.languages,
        tiers=_tier_tables(result, analysis, baseline),
        analysis=analysis,
        trends=trends(history),
        trend_size=(WIDTH, HEIGHT),
        most=_most_leaking(result),
        leaks=_spread(_leaks_of(result, "must_reject"), SHOWN_LEAKS),
        gains=_spread(_leaks_of(result, *COMPARED), SHOWN_LEAKS // 2),
        shown_away=SHOWN_AWAY,
        css=Path(__file__).with_name("report.css").read_text(encoding="utf-8"),
    )
    write_whole_text(path, page)


def percent(value: float) -> str:
    """A rate for people: more digits where it is small."""
    if value == 0:
        return "0 %"
    return f"{value:.2%}".replace("%", "\u00a0%") if value < 0.0995 else f"{value:.0%}".replace("%", "\u00a0%")


def shade(rate: float) -> int:
    """Step 0 … 5 of the heat map's colour for a leak rate."""
    return sum(rate > limit for limit in (0.0, 0.02, 0.1, 0.3, 0.6))


def _tier_tables(result: SuiteResult, analysis: Analysis, baseline: SuiteResult | None) -> list[TierTable]:
    tables = []
    for tier, title in TIER_TITLES.items():
        members = [family for family in result.families if family.tier == tier]
        rows = [
            _row(name, members, baseline, result.languages) for name in dict.fromkeys(item.name for item in members)
        ]
        if rows:
            rows.sort(key=lambda row: (-row.leaks.rate, -(row.baseline.rate if row.baseline else 0.0)))
            leaking = tuple(row for row in rows if row.leaks.events or (row.baseline and row.baseline.events))
            held = tuple(row for row in rows if row not in leaking)
            languages = [[item.leaks for item in members if item.language == language] for language in result.languages]
            by_language = tuple(total_rate(rates) if rates else None for rates in languages)
            tables.append(TierTable(tier, title, result.total(tier), analysis.rates[tier], leaking, held, by_language))
    return tables


def _row(
    name: str, members: Sequence[FamilyResult], baseline: SuiteResult | None, languages: Sequence[str]
) -> FamilyRow:
    own = [family for family in members if family.name == name]
    by_language = {family.language: family.leaks for family in own}
    leaks = total_rate([family.leaks for family in own])
    return FamilyRow(
        name=name,
        severity=own[0].severity,
        leaks=leaks,
        interval=leaks.interval,
        baseline=None if baseline is None else baseline.of_family(name),
        cells=tuple(by_language.get(language) for language in languages),
    )


def _most_leaking(result: SuiteResult) -> list[tuple[str, Rate]]:
    rates = [(name, result.of_family(name)) for name in result.family_names("must_reject")]
    return sorted(((name, rate) for name, rate in rates if rate.events), key=lambda item: -item[1].rate)[:MOST_LEAKING]


def _leaks_of(result: SuiteResult, *tiers: str) -> list[Case]:
    own = {name for tier in tiers for name in result.family_names(tier)}
    return [case for case in result.leaks if case.family in own]


def _spread(cases: Sequence[Case], count: int) -> list[Case]:
    """The worst cases, taken in turn from every family, so that one family does not fill the page."""
    queues: dict[str, list[Case]] = {}
    for case in cases:
        queues.setdefault(case.family, []).append(case)
    chosen: list[Case] = []
    depth = 0
    while len(chosen) < min(count, len(cases)):
        chosen.extend(queue[depth] for queue in queues.values() if depth < len(queue))
        depth += 1
    return chosen[:count]
