"""A gate's report in a terminal or a Markdown card."""

from __future__ import annotations

from collections.abc import Sequence

from relevance.curves import FALSE_REJECTION_RATES
from relevance.gate import IRRELEVANT
from relevance.rates import Share
from relevance.reports.gate_page import View
from relevance.reports.page import percent
from relevance.scored import FalseRejection

LONGEST_TEXT = 160


def summary_lines(views: Sequence[View]) -> list[str]:
    """What a reader needs first, for a terminal."""
    lines = []
    for view in views:
        lines += [
            f"{view.name}:",
            f"  credited answers turned away   {_share(view.honest.credited)}",
            f"  answers graded 0 turned away   {_share(view.honest.graded_zero)}",
            f"  other texts turned away        {percent(view.languages.mean_rejection)} (mean over languages)",
            f"  expected calibration error     {view.reliability.error:.3f}",
        ]
        for curve in view.families[:5]:
            at = ", ".join(f"{percent(curve.at[i])} at {rate:.1%}" for i, rate in enumerate(FALSE_REJECTION_RATES))
            lines.append(f"  hard family {curve.name}: {at}")
        marked = [row for row in view.languages.rows if row.false_rejection_marked or row.rejection_marked]
        for row in marked:
            lines.append(
                f"  language {row.language} is worse than the mean: {_share(row.false_rejection)} of honest answers, "
                f"{percent(row.rejection)} of the others turned away"
            )
    return lines


def honest_table(views: Sequence[View]) -> str:
    """Markdown: false rejections by what they cost."""
    lines = [f"| honest answers turned away | {' | '.join(view.name for view in views)} |"]
    lines.append("|---" * (len(views) + 1) + "|")
    lines.append("| a teacher gave credit | " + " | ".join(_share(view.honest.credited) for view in views) + " |")
    lines.append("| graded 0 | " + " | ".join(_share(view.honest.graded_zero) for view in views) + " |")
    return "\n".join(lines)


def languages_table(views: Sequence[View]) -> str:
    """Markdown: every language at the same threshold; `!` marks what is worse than the mean by two points."""
    names = sorted({row.language for view in views for row in view.languages.rows})
    heads = [f"{view.name}: {what}" for view in views for what in ("honest", "others")]
    lines = [f"| turned away, of | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name in names:
        cells = []
        for view in views:
            found = [row for row in view.languages.rows if row.language == name]
            cells += (
                [
                    _share(found[0].false_rejection) + (" **!**" if found[0].false_rejection_marked else ""),
                    percent(found[0].rejection) + (" **!**" if found[0].rejection_marked else ""),
                ]
                if found
                else ["–", "–"]
            )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def worst_list(found: Sequence[FalseRejection]) -> str:
    """Markdown: false rejections to read, with the reason."""
    return "\n".join(f"- {_case(item)}" for item in found) or "None."


def _case(item: FalseRejection) -> str:
    if item.reason == IRRELEVANT:
        pulls = ", ".join(f"{pull.name} {pull.logit:.1f}" for pull in item.pulls)
        why = f"P(relevant) {item.relevance:.4f}" + (f", pulled down by {pulls}" if pulls else "")
    else:
        why = f"guard {item.reason}"
    credit = "not graded" if item.credit is None else f"{percent(item.credit)} of the points"
    return f"`{item.language}`, {credit}: {why}. {_quoted(item.answer)} to {_quoted(item.question)}"


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    # A code span shows every character as it is, whatever Markdown would make of it.
    fence = "``" if "`" in text else "`"
    return f"{fence} {text or '(empty)'} {fence}"


def _share(share: Share) -> str:
    if not share.attempts:
        return "–"
    low, high = share.interval
    return f"{percent(share.rate)} ({share.events} of {share.attempts}; {percent(low)} to {percent(high)})"
