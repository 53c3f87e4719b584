"""What the adaptive attacks found, as a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from eval.adaptive.base import MethodResult
from eval.targets.base import shown


def adaptive_lines(results: Sequence[MethodResult]) -> list[str]:
    """One paragraph per method; [] without any."""
    lines: list[str] = []
    for result in results:
        broken = result.broken
        lines.append(f"adaptive {result.method}: {result.summary}")
        lines.append(
            f"  questions broken {broken.events} of {broken.attempts} (at 95 % at most {broken.upper95:.0%}), "
            f"{result.started.events} before any search; {result.queries} queries"
        )
        for item in result.transfers:
            lines.append(
                f"  {item.language}: {shown(item.trigger, 40)} {item.place} the text, found on {item.train}, tried on "
                f"{item.test} question(s):"
            )
            lines.append(
                f"    {item.triggered.events} of {item.triggered.attempts} leak, without it {item.plain.events} of "
                f"{item.plain.attempts}"
            )
        for find in sorted(result.finds, key=lambda find: -find.grade / find.max_grade)[:2]:
            lines.append(f"  {find.grade:g}/{find.max_grade:g} {shown(find.text, 68)}")
        if result.note:
            lines.append(f"  note: {result.note}")
        if result.failure:
            lines.append(f"  INCOMPLETE: {result.failure}")
    return lines
