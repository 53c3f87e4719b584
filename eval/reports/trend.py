"""The trend over stored runs as an inline SVG: two lines, no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.history import StoredRun
from eval.results import Rate

WIDTH = 720
HEIGHT = 170
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 14, 26
SHOWN_RUNS = 60


@dataclass(frozen=True)
class TrendPoint:
    """One run in a drawing: where it stands, its interval's ends, and what to say of it."""

    x: float
    y: float
    low: float
    high: float
    title: str


@dataclass(frozen=True)
class Trend:
    """A drawn line with its scale: `ticks` are (height, text)."""

    title: str
    points: tuple[TrendPoint, ...]
    ticks: tuple[tuple[float, str], ...]
    first: str
    last: str

    @property
    def line(self) -> str:
        """The points as SVG wants them."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


def trends(runs: Sequence[StoredRun]) -> list[Trend]:
    """Leak rate and false rejections over the last runs; nothing for fewer than two."""
    shown = runs[-SHOWN_RUNS:]
    if len(shown) < 2:
        return []
    return [
        _trend("Nonsense graded above 0", shown, [run.must_reject for run in shown]),
        _trend("Honest answers turned away", shown, [run.genuine for run in shown]),
    ]


def _trend(title: str, runs: Sequence[StoredRun], rates: Sequence[Rate]) -> Trend:
    intervals = [rate.interval for rate in rates]
    top = _round_up(max([*(rate.rate for rate in rates), *(high for _, high in intervals if high < 1)], default=0.01))

    def height(value: float) -> float:
        return HEIGHT - BOTTOM - min(1.0, value / top) * (HEIGHT - TOP - BOTTOM)

    step = (WIDTH - LEFT - RIGHT) / (len(runs) - 1)
    points = tuple(
        TrendPoint(
            LEFT + step * place,
            height(rate.rate),
            height(low),
            height(high),
            f"{run.time:%Y-%m-%d %H:%M} {run.label}: {rate.events} of {rate.attempts}, {rate.rate:.2%}",
        )
        for place, (run, rate, (low, high)) in enumerate(zip(runs, rates, intervals, strict=True))
    )
    ticks = tuple((height(top * part / 2), f"{100 * top * part / 2:.3g} %") for part in range(3))
    return Trend(title, points, ticks, f"{runs[0].time:%Y-%m-%d}", f"{runs[-1].time:%Y-%m-%d}")


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten: a scale people can read."""
    scale = 1e-4
    while True:
        for factor in (1, 2, 5):
            if value <= factor * scale:
                return min(1.0, factor * scale)
        scale *= 10
