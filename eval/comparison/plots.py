"""Drawings as inline SVG, in the page's own colours, so that they follow its light and dark dress."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from eval.comparison.results import Comparison, Row, cost_of

WIDTH, HEIGHT = 660, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 20, 52
LINE = 17
"""Least distance between two labels, in the drawing's units."""


@dataclass(frozen=True)
class Axis:
    """Values to places along one side."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Place of a value."""
        low, high, at = (math.log10(v) if self.logarithmic else v for v in (self.low, self.high, value))
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values on the axis."""
        if self.logarithmic:
            return [
                10.0**power for power in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            ]
        step = 0.2 if self.high - self.low > 0.6 else 0.1
        first = math.ceil(self.low / step - 1e-9)
        return [round(step * number, 3) for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def quality_against_cost(comparison: Comparison, cost: str) -> str:
    """Kappa behind the gate over `cpu` (processor seconds for 1,000 answers) or `latency` (seconds for one).

    Graders on the Pareto front are filled and joined.
    """
    rows = comparison.rows
    costs = {row.name: max(cost_of(row, cost), 1e-6) for row in rows}
    x = Axis(
        10 ** (math.log10(min(costs.values())) - 0.3), 10 ** (math.log10(max(costs.values())) + 0.6), LEFT,
        WIDTH - RIGHT, logarithmic=True,
    )  # fmt: skip
    kappas = [row.quality.qwk_gated for row in rows]
    y = Axis(min(0.0, min(kappas) - 0.05), max(kappas) + 0.08, HEIGHT - BOTTOM, TOP)
    front = sorted((row for row in rows if row.name in comparison.pareto(cost)), key=lambda row: costs[row.name])
    unit = "processor seconds for 1,000 answers" if cost == "cpu" else "median seconds for one answer"
    parts = [*_frame(x, y, f"{unit} (logarithmic)", "kappa behind the gate")]
    path = " ".join(f"{x(costs[row.name]):.1f},{y(row.quality.qwk_gated):.1f}" for row in front)
    parts.append(f'<polyline class="front" points="{path}"/>')
    for row, place in zip(rows, _label_places(rows, costs, x, y), strict=True):
        kind = "best" if row in front else "dot"
        across, up = x(costs[row.name]), y(row.quality.qwk_gated)
        anchor, side = ("end", -9) if across > WIDTH - 130 else ("start", 9)
        parts.append(
            f'<circle class="{kind}" cx="{across:.1f}" cy="{up:.1f}" r="5.5"><title>{escape(row.name)}: '
            f"{row.quality.qwk_gated:.3f}, {_short(costs[row.name])}</title></circle>"
            f'<text class="label" x="{across + side:.1f}" y="{place + 4:.1f}" text-anchor="{anchor}">'
            f"{escape(row.name)}</text>"
        )
    return _svg(parts, f"Quality against {unit}")


def leak_bars(comparison: Comparison) -> str:
    """Leak rate without and with the gate, a pair of bars for each grader."""
    rows = comparison.rows
    high = max(0.05, *(row.plain.leaks.rate for row in rows))
    left, bar = 104, 13
    height = 30 + len(rows) * 40
    x = Axis(0.0, high * 1.18, left, WIDTH - RIGHT)
    parts = []
    for number, row in enumerate(rows):
        top = 14 + number * 40
        parts.append(f'<text class="label" x="{left - 8}" y="{top + 19}" text-anchor="end">{escape(row.name)}</text>')
        for shift, rate, kind in ((0, row.plain.leaks.rate, "bad"), (bar + 2, row.gated.leaks.rate, "good")):
            parts.append(
                f'<rect class="{kind}" x="{left}" y="{top + shift}" width="{max(1.0, x(rate) - left):.1f}" '
                f'height="{bar}"/><text class="small" x="{x(rate) + 6:.1f}" y="{top + shift + 11}">{rate:.1%}</text>'
            )
    return _svg(parts, "Leak rate without and with the gate", height)


def _frame(x: Axis, y: Axis, x_title: str, y_title: str) -> list[str]:
    parts = []
    for tick in y.ticks():
        place = y(tick)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{place:.1f}" y2="{place:.1f}"/>'
            f'<text class="small" x="{LEFT - 8}" y="{place + 4:.1f}" text-anchor="end">{tick:g}</text>'
        )
    for tick in x.ticks():
        parts.append(
            f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text class="small" x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
            f"{_short(tick)}</text>"
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="small" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{x_title}</text>'
        f'<text class="small" x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">'
        f"{y_title}</text>"
    )
    return parts


def _label_places(rows: Sequence[Row], costs: dict[str, float], x: Axis, y: Axis) -> list[float]:
    """Heights of the labels, moved apart where they would cover one another."""
    order = sorted(range(len(rows)), key=lambda number: y(rows[number].quality.qwk_gated))
    places = [y(row.quality.qwk_gated) for row in rows]
    for position, number in enumerate(order):
        for above in order[:position]:
            close = abs(x(costs[rows[number].name]) - x(costs[rows[above].name])) < 110
            if close and places[number] - places[above] < LINE:
                places[number] = places[above] + LINE
    return places


def _short(value: float) -> str:
    return f"{value:g}" if 0.001 <= value < 10000 else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")


def _svg(parts: Sequence[str], title: str, height: float = HEIGHT) -> str:
    box = f"0 0 {WIDTH} {height:g}"
    return f'<svg class="plot" viewBox="{box}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
