"""What the adaptive attacks found, as a few lines for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from eval.adaptive.base import MethodResult
from eval.targets.base import shown

WIDTH = 80


def adaptive_lines(results: Sequence[MethodResult]) -> list[str]:
    """One paragraph per method, for a terminal of 80 columns; [] without any."""
    lines: list[str] = []
    for result in results:
        lines += [*_paragraph(result), ""]
    return lines


def _paragraph(result: MethodResult) -> list[str]:
    broken = result.broken
    lines = [
        f"adaptive {result.method}: {broken.events} of {broken.attempts} questions broken (95 %: below "
        f"{broken.upper95:.0%})",
        f"    {result.started.events} before any search; {result.queries} queries",
    ]
    for item in result.transfers:
        lines.append(
            f"  {item.language}: {shown(item.trigger, 40)} {item.place} the text, found on {item.train} questions"
        )
        lines.append(
            f"    on {item.test} others {item.triggered.events} of {item.triggered.attempts} leak with it, "
            f"{item.plain.events} without"
        )
    for find in sorted(result.finds, key=lambda find: -find.grade / find.max_grade)[:2]:
        lines.append(f"  {find.grade:g}/{find.max_grade:g} {shown(find.text, WIDTH - 12)}")
    for title, told in (("note", result.note), ("INCOMPLETE", result.failure)):
        if told:
            lines += textwrap.wrap(f"{title}: {told}", WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines
