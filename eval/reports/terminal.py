"""The result as a few lines for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from eval.analysis import Analysis, analyse
from eval.baseline import Comparison
from eval.results import Rate, SuiteResult
from eval.thresholds import Check

WORST = 8
SHOWN_CASES = 10
SHOWN_CHANGES = 14
WIDTH = 80
MEANINGS = {
    "must_reject": "nonsense graded above 0",
    "must_not_gain": "gained by a trick",
    "must_not_move": "moved by a harmless change",
    "semantic": "kept its grade though turned round",
    "genuine": "honest answers turned away",
}


def summary_lines(result: SuiteResult) -> list[str]:
    """Totals, the families that leak most, and the price in honest answers."""
    analysis = analyse(result)
    part = "" if result.shard is None else f" (shard {result.shard}: {len(result.outcomes)} of them here)"
    lines = [
        f"target     {result.target}"[:WIDTH],
        f"questions  {result.settings['questions']}{part}, up to {result.settings['support']} graded answers each",
        "",
        f"{'':<14}{'events':>15} {'rate':>8} {'95 % below':>11} {'by question':>12}",
    ]
    for tier, meaning in MEANINGS.items():
        rate = result.genuine if tier == "genuine" else result.total(tier)
        if rate.attempts:
            lines.append(f"{_rate_line(tier, rate)} {analysis.rates[tier].upper:>12.2%}")
            lines.append(f"    {meaning}{_hit(analysis, tier)}")
    for name, difference in analysis.differences.items():
        low, high = difference.interval
        lines.append(f"{name}: grades change by {difference.mean:+.2%} of the maximum ({low:+.2%} to {high:+.2%})")
    quality = result.grading
    lines.append(f"grading: kappa {quality.qwk:.3f}, one constant grade {quality.qwk_constant:.3f};")
    lines.append(f"    mean error {quality.mae:.1%} of the maximum, {quality.answers} honest answers")
    if int(result.settings.get("repeats", 1)) > 1:
        unstable = sum(outcome.unstable for outcome in result.outcomes)
        lines.append(f"repeats: {result.flaky} cases came out differently; {unstable} texts got different grades")
    leaking = [(name, result.of_family(name)) for name in result.family_names("must_reject")]
    worst = sorted(((name, rate) for name, rate in leaking if rate.events), key=lambda item: -item[1].rate)
    if worst:
        lines += ["", f"must_reject families that leak most ({len(worst)} of {len(leaking)} leak):"]
        lines += [f"  {name:<27}{_counts(rate):>15} {rate.rate:>8.2%}" for name, rate in worst[:WORST]]
    return lines


def check_lines(checks: Iterable[Check]) -> list[str]:
    """Thresholds, the broken ones last, where the eye is; those that hold for a language are only counted."""
    checks = list(checks)
    held = [item for item in checks if item.passed]
    by_language = [item for item in held if item.scope == "language" or " in " in item.name]
    lines = [line for item in held if item not in by_language for line in _wrapped("passed", item.told)]
    if by_language:
        lines.append(f"passed: {len(by_language)} limits of single languages")
    for item in checks:
        if not item.passed:
            lines += [*_wrapped("BROKEN", item.told), f"        {item.detail}"]
    return lines


def _wrapped(state: str, told: str) -> list[str]:
    return textwrap.wrap(f"{state}: {told}", WIDTH, subsequent_indent=" " * 8)


def comparison_lines(comparison: Comparison) -> list[str]:
    """What got worse and better since the baseline, and which cases."""
    lines = [f"against the baseline: {comparison.baseline_target}"[:WIDTH]]
    moved = [change for change in comparison.changes if change.differs]
    if not moved:
        lines.append("  every case came out the same")
    else:
        lines.append(f"  {'':<27}{'before':>7} {'now':>6} {'new':>6} {'gone':>5} {'p':>8} {'Holm':>8}")
    ordered = sorted(moved, key=lambda item: (item.level == "family", item.p_holm, item.test.p_worse))
    for change in ordered[:SHOWN_CHANGES]:
        test = change.test
        verdict = " WORSE" if change.worse else ""
        lines.append(
            f"  {change.name:<27}{change.before:>7} {change.after:>6} {test.newly:>6} {test.no_longer:>5}"
            f" {test.p_worse:>8.2g} {change.p_holm:>8.2g}{verdict}"
        )
    if len(ordered) > SHOWN_CHANGES:
        lines.append(f"  … and {len(ordered) - SHOWN_CHANGES} more, in the reports")
    if comparison.grading.mean or comparison.grading_worse:
        verdict = " WORSE" if comparison.grading_worse else ""
        lines.append(
            f"  kappa changed by {-comparison.grading.mean:+.3f} over {comparison.grading.cases} questions"
            f" (Holm {comparison.grading_p_holm:.2g}){verdict}"
        )
    for title, cases in (
        ("cases that are new", comparison.new_events),
        ("cases that are gone", [case for case in comparison.cases if not case.worse]),
    ):
        if cases:
            lines.append(f"  {title} ({len(cases)}):")
        for item in cases[:SHOWN_CASES]:
            text = f"(text not kept) case {item.key} of '{item.question}'" if item.case is None else item.case.answer
            grade = "" if item.case is None else f" {item.case.grade:g}/{item.case.max_grade:g}"
            lines.append(f"    {item.family} {item.language}{grade}: {_plain(text) or '(blank)'}"[:WIDTH])
        if len(cases) > SHOWN_CASES:
            lines.append(f"    … and {len(cases) - SHOWN_CASES} more, in the reports")
    return lines


def _plain(text: str) -> str:
    """An attacker's text without what could command the terminal."""
    return "".join(letter if letter.isprintable() else "·" for letter in " ".join(text.split()))


def _rate_line(name: str, rate: Rate) -> str:
    return f"{name:<14}{_counts(rate):>15} {rate.rate:>8.2%} {rate.upper95:>11.2%}"


def _counts(rate: Rate) -> str:
    return f"{rate.events} of {rate.attempts}"


def _hit(analysis: Analysis, tier: str) -> str:
    rate = analysis.rates[tier]
    return f"; on {rate.clusters_hit} of {rate.clusters} questions"
