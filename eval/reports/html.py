"""One self-contained HTML page: no script, no network, light and dark, phone and desktop."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from eval.results import Case, FamilyResult, Rate, SuiteResult
from eval.statistics import exact_interval
from eval.thresholds import Check

TIER_TITLES = {
    "must_reject": "Must be rejected: nonsense and cheating, grade 0",
    "must_not_gain": "Must not gain: a trick added to a wrong or partial answer",
    "must_not_move": "Must not move: harmless changes to an honest answer",
    "semantic": "Semantic changes: reported, not part of the promise",
}
SHOWN_LEAKS = 60


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
    """The families of one tier, those that leak most first."""

    tier: str
    title: str
    total: Rate
    rows: tuple[FamilyRow, ...]


def write_html(
    path: str | os.PathLike[str],
    result: SuiteResult,
    checks: Sequence[Check] = (),
    baseline: SuiteResult | None = None,
) -> None:
    """Write the page.

    Args:
        checks: thresholds to show as passed or broken.
        baseline: another run on the same questions, drawn beside this one.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    environment.filters["shade"] = shade
    environment.filters["direction"] = direction
    languages = sorted({family.language for family in result.families})
    page = environment.get_template("report.html.j2").render(
        result=result,
        baseline=baseline,
        checks=checks,
        languages=languages,
        tiers=_tier_tables(result, baseline, languages),
        leaks=_spread(result.leaks, SHOWN_LEAKS),
        leak_count=len(result.leaks),
    )
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(page, encoding="utf-8", errors="backslashreplace")


def percent(value: float) -> str:
    """A rate for people: more digits where it is small."""
    if value == 0:
        return "0 %"
    return f"{value:.2%}".replace("%", " %") if value < 0.0995 else f"{value:.0%}".replace("%", " %")


def shade(rate: float) -> int:
    """Step 0 … 5 of the heat map's colour for a leak rate."""
    return sum(rate > limit for limit in (0.0, 0.02, 0.1, 0.3, 0.6))


def direction(language: str) -> str:
    """Writing direction of a language, for the `dir` attribute."""
    return "rtl" if language.split("-")[0] in ("ar", "fa", "he", "ur", "ps", "yi", "dv") else "ltr"


def _tier_tables(result: SuiteResult, baseline: SuiteResult | None, languages: Sequence[str]) -> list[TierTable]:
    tables = []
    for tier, title in TIER_TITLES.items():
        members = [family for family in result.families if family.tier == tier]
        names = dict.fromkeys(family.name for family in members)
        rows = [_row(name, members, baseline, languages) for name in names]
        if rows:
            rows.sort(key=lambda row: (-row.leaks.rate, -(row.baseline.rate if row.baseline else 0.0)))
            tables.append(TierTable(tier, title, result.total(tier), tuple(rows)))
    return tables


def _row(
    name: str, members: Sequence[FamilyResult], baseline: SuiteResult | None, languages: Sequence[str]
) -> FamilyRow:
    own = [family for family in members if family.name == name]
    by_language = {family.language: family.leaks for family in own}
    leaks = _sum(own)
    beside = None if baseline is None else _sum([family for family in baseline.families if family.name == name])
    return FamilyRow(
        name=name,
        severity=own[0].severity,
        leaks=leaks,
        interval=exact_interval(leaks.events, leaks.attempts),
        baseline=beside,
        cells=tuple(by_language.get(language) for language in languages),
    )


def _sum(families: Sequence[FamilyResult]) -> Rate:
    return Rate(sum(family.leaks.events for family in families), sum(family.leaks.attempts for family in families))


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
