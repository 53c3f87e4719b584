"""Charts as inline SVG. Colours are CSS classes of `base.html.j2`, so that light and dark are the page's business."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 22, 10, 40
SERIES_COLOURS = 6


@dataclass(frozen=True)
class Axis:
    """A scale from `low` to `high` with labelled ticks; `log` needs positive values."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Place of a value along the axis, 0 … 1; values outside are put at its ends."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        place = math.log(max(value, self.low)) if self.log else value
        return min(1.0, max(0.0, (place - low) / (high - low))) if high > low else 0.5


@dataclass(frozen=True)
class Series:
    """A line through points (x, y). `colour` 0 … 5, None for a soft one; `dots` marks the points."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int | None
    dashed: bool = False
    dots: bool = False

    @property
    def css(self) -> str:
        """Classes of its line."""
        colour = "soft" if self.colour is None else f"s{self.colour % SERIES_COLOURS}"
        return f"line {colour}{' dashed' if self.dashed else ''}"


def line_chart(title: str, series: Sequence[Series], x: Axis, y: Axis) -> Markup:
    """A chart with axes and grid; its key stands below it."""
    parts = [_frame(x, y)]
    for line in series:
        points = [(_x(x, horizontal), _y(y, vertical)) for horizontal, vertical in line.points]
        parts.append(f'<path class="{line.css}" d="{_path(points)}"><title>{escape(line.name)}</title></path>')
        if line.dots:
            parts += [f'<circle class="{line.css}" cx="{a:.1f}" cy="{b:.1f}" r="3.5"/>' for a, b in points]
    body = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    return Markup(f'<figure class="chart"><figcaption>{escape(title)}</figcaption>{body}{_key(series)}</figure>')


def small_curve(points: Sequence[tuple[float, float]], x: Axis, y: Axis, label: str) -> Markup:
    """A curve the size of a word, for a table's cell."""
    width, height = 64, 22
    places = [(1 + x.share(a) * (width - 2), 1 + (1 - y.share(b)) * (height - 2)) for a, b in points]
    return Markup(
        f'<svg class="small" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f'<rect class="back" width="{width}" height="{height}" rx="2"/>'
        f'<path class="line s0" d="{_path(places)}"/></svg>'
    )


def interval_bar(rate: float, low: float, high: float, top: float, mean: float) -> Markup:
    """A rate as a dot on its interval, the mean as a tick; `top` is the bar's right end."""

    def place(value: float) -> float:
        return 2 + min(value / top, 1.0) * 116 if top else 2.0

    return Markup(
        '<svg class="interval" viewBox="0 0 120 16" aria-hidden="true">'
        f'<path class="mean" d="M{place(mean):.1f} 0V16"/>'
        f'<path class="line s0" d="M{place(low):.1f} 8H{place(high):.1f}"/>'
        f'<circle class="dot" cx="{place(rate):.1f}" cy="8" r="3.5"/></svg>'
    )


@dataclass(frozen=True)
class ParallelLine:
    """One line of a parallel-coordinates chart: its place on every axis (0 … 1), its rank (0 best … 1 worst)."""

    name: str
    places: tuple[float, ...]
    rank: float


def parallel_coordinates(
    title: str, axes: Sequence[tuple[str, Sequence[tuple[float, str]]]], lines: Sequence[ParallelLine]
) -> Markup:
    """Parallel coordinates (Inselberg 1985): an axis for every setting, a line for every trial, the best on top.

    Args:
        axes: names with ticks (place 0 … 1, label).
    """
    step, height, top, bottom = 104, 320, 44, 26
    width = step * len(axes)
    span = height - top - bottom

    def x(number: int) -> float:
        return step / 2 + number * step

    parts = []
    for line in sorted(lines, key=lambda item: -item.rank):
        points = [(x(number), top + (1 - place) * span) for number, place in enumerate(line.places)]
        parts.append(
            f'<path class="line rank{min(4, int(line.rank * 5))}" d="{_smooth(points)}">'
            f"<title>{escape(line.name)}</title></path>"
        )
    for number, (name, ticks) in enumerate(axes):
        parts.append(f'<path class="axis" d="M{x(number):.1f} {top}V{top + span}"/>')
        parts.append(f'<text class="name" x="{x(number):.1f}" y="20">{escape(name)}</text>')
        for place, label in ticks:
            height_of_tick = top + (1 - place) * span
            parts.append(
                f'<text class="tick" x="{x(number) + 5:.1f}" y="{height_of_tick + 4:.1f}">{escape(label)}</text>'
            )
    body = f'<svg viewBox="0 0 {width} {height}" style="min-width:{int(width * 0.8)}px" role="img"'
    return Markup(
        f'<figure class="chart parallel"><figcaption>{escape(title)}</figcaption>'
        f'<div class="scroll">{body} aria-label="{escape(title)}">{"".join(parts)}</svg></div></figure>'
    )


def _frame(x: Axis, y: Axis) -> str:
    parts = []
    for value, label in x.ticks:
        place = _x(x, value)
        parts.append(f'<path class="grid" d="M{place:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text class="tick mid" x="{place:.1f}" y="{HEIGHT - BOTTOM + 15}">{escape(label)}</text>')
    for value, label in y.ticks:
        place = _y(y, value)
        parts.append(f'<path class="grid" d="M{LEFT} {place:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="tick end" x="{LEFT - 6}" y="{place + 4:.1f}">{escape(label)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="label mid" x="{middle}" y="{HEIGHT - 6}">{escape(x.label)}</text>')
    vertical = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text class="label mid" transform="translate(12 {vertical}) rotate(-90)">{escape(y.label)}</text>')
    return "".join(parts)


def _key(series: Sequence[Series]) -> str:
    if len(series) < 2:
        return ""
    items = [
        f'<span><svg viewBox="0 0 22 8"><path class="{line.css}" d="M0 4H22"/></svg>{escape(line.name)}</span>'
        # The line drawn last is on top, and named first.
        for line in reversed(series)
        if line.name
    ]
    return f'<div class="key">{"".join(items)}</div>'


def _x(axis: Axis, value: float) -> float:
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def _y(axis: Axis, value: float) -> float:
    return TOP + (1 - axis.share(value)) * (HEIGHT - TOP - BOTTOM)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)


def _smooth(points: Sequence[tuple[float, float]]) -> str:
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (a, b), (c, d) in itertools.pairwise(points):
        middle = (a + c) / 2
        path += f"C{middle:.1f} {b:.1f} {middle:.1f} {d:.1f} {c:.1f} {d:.1f}"
    return path
