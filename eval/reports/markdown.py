"""A summary for a pull request or a job's page: what broke, what changed, what leaks, in one screen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from eval.analysis import analyse
from eval.baseline import ChangedCase, Comparison
from eval.results import Case, Rate, SuiteResult
from eval.thresholds import Check

SHOWN_FAMILIES = 10
SHOWN_CASES = 10
LONGEST = 160


def write_markdown(
    path: str | os.PathLike[str],
    result: SuiteResult,
    checks: Sequence[Check],
    comparison: Comparison | None = None,
) -> None:
    """Append the summary to a file: `$GITHUB_STEP_SUMMARY` may hold other steps' already."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(markdown_summary(result, checks, comparison))


def markdown_summary(result: SuiteResult, checks: Sequence[Check], comparison: Comparison | None = None) -> str:
    """The summary as GitHub-flavoured Markdown."""
    broken = [item for item in checks if not item.passed]
    worse = comparison is not None and comparison.exit_code() != 0
    verdict = "worse than the baseline" if worse else "limits are broken" if broken else "all limits hold"
    if not checks and not worse:
        verdict = "report"
    if not result.complete:
        verdict = (
            f"incomplete, the target failed on {len(result.failures)} question(s) or more: this run proves nothing"
        )
    lines = [f"## Adversarial suite: {verdict}", "", f"{_escaped(result.target)}, seed {result.settings['seed']}", ""]
    lines += _totals(result)
    if broken:
        lines += ["", "**Broken limits**", ""]
        lines += [f"- {_escaped(item.told)} ({_escaped(item.detail)})" for item in broken]
    if comparison is not None:
        lines += _compared(comparison)
    lines += _families(result)
    if result.leaks:
        cases = [_case(case) for case in result.leaks if case.family in result.family_names("must_reject")]
        lines += _details(f"Texts that leaked ({result.must_reject.events})", cases)
    if result.false_rejections:
        lines += _details(
            f"Honest answers turned away ({result.genuine.events})", [_case(case) for case in result.false_rejections]
        )
    return "\n".join(lines) + "\n\n"


def _totals(result: SuiteResult) -> list[str]:
    analysis = analyse(result)
    lines = ["| | events | rate | 95 % below | by question, below |", "|---|--:|--:|--:|--:|"]
    for name, meaning in (
        ("must_reject", "nonsense graded above 0"),
        ("must_not_gain", "gained by a trick"),
        ("must_not_move", "moved by a harmless change"),
        ("genuine", "honest answers turned away"),
    ):
        rate = result.genuine if name == "genuine" else result.total(name)
        if rate.attempts:
            lines.append(
                f"| {meaning} | {_counts(rate)} | {rate.rate:.2%} | {rate.upper95:.2%}"
                f" | {analysis.rates[name].upper:.2%} |"
            )
    quality = result.grading
    lines += [
        "",
        f"Kappa {quality.qwk:.3f} (one constant grade: {quality.qwk_constant:.3f}), {quality.answers} answers.",
    ]
    if result.flaky:
        lines.append(f"{result.flaky} cases came out differently in different repeats.")
    return lines


def _compared(comparison: Comparison) -> list[str]:
    moved = [change for change in comparison.changes if change.differs]
    lines = ["", f"**Against the baseline** ({_escaped(comparison.baseline_target)})", ""]
    if not moved:
        return [*lines, "Every case came out the same."]
    lines += ["| | before | now | new | gone | p | Holm |", "|---|--:|--:|--:|--:|--:|--:|"]
    for change in sorted(moved, key=lambda item: (item.level == "family", item.p_holm, item.test.p_worse)):
        name = f"**{change.name}**" if change.worse else change.name
        lines.append(
            f"| {name} | {change.before} | {change.after} | {change.test.newly} | {change.test.no_longer}"
            f" | {change.test.p_worse:.2g} | {change.p_holm:.2g} |"
        )
    gone = [item for item in comparison.cases if not item.worse]
    lines += _details(f"Cases that are new ({len(comparison.new_events)})", _changed(comparison.new_events))
    return lines + _details(f"Cases that are gone ({len(gone)})", _changed(gone))


def _changed(cases: Sequence[ChangedCase]) -> list[str]:
    return [
        _case(item.case) if item.case else f"- `{item.family}` {item.language}: case {item.key} (text not kept)"
        for item in cases
    ]


def _families(result: SuiteResult) -> list[str]:
    rates = [(name, result.of_family(name)) for name in result.family_names("must_reject")]
    leaking = sorted(((name, rate) for name, rate in rates if rate.events), key=lambda item: -item[1].rate)
    if not leaking:
        return []
    lines = ["", "| family | leaked | rate | 95 % below |", "|---|--:|--:|--:|"]
    lines += [
        f"| {name} | {_counts(rate)} | {rate.rate:.1%} | {rate.upper95:.1%} |"
        for name, rate in leaking[:SHOWN_FAMILIES]
    ]
    rest = len(leaking) - SHOWN_FAMILIES
    return [*lines, f"\n{rest} more families leak." if rest > 0 else ""]


def _details(title: str, cases: Sequence[str]) -> list[str]:
    if not cases:
        return []
    more = [f"- … and {len(cases) - SHOWN_CASES} more in the reports"] if len(cases) > SHOWN_CASES else []
    return ["", f"<details><summary>{title}</summary>", "", *cases[:SHOWN_CASES], *more, "", "</details>"]


def _case(case: Case) -> str:
    text = " ".join(case.answer.split()) or "(blank)"
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return f"- `{case.family}` {case.language}, {case.grade:g} of {case.max_grade:g}: {_code(cut)}"


def _code(text: str) -> str:
    """A code span, in which an attacker's Markdown, HTML and @mentions mean nothing."""
    longest = max((len(run) for run in _runs(text, "`")), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}"


def _runs(text: str, mark: str) -> list[str]:
    return [run for run in "".join(letter if letter == mark else " " for letter in text).split() if run]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("@", "@\u200b")


def _counts(rate: Rate) -> str:
    return f"{rate.events} of {rate.attempts}"
