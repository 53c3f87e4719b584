"""The page of a gate: curves by family and language, reliability, the check of every language, what to read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from relevance.curves import (
    CURVE_RATES,
    FALSE_REJECTION_RATES,
    LANGUAGE_MARGIN,
    HonestRates,
    LanguageCheck,
    LanguageTable,
    RejectionCurve,
    Reliability,
    family_curves,
    honest_rates,
    language_curves,
    language_table,
    mean_curve,
    reliability,
)
from relevance.metrics import WARM_SIZE
from relevance.reports.page import write_page
from relevance.reports.svg import Axis, Series, interval_bar, line_chart, small_curve
from relevance.scored import FalseRejection, ScoredAnswers

PRICE = Axis(
    "honest answers turned away",
    CURVE_RATES[0],
    1.0,
    ((0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "100 %")),
    log=True,
)
SHARE = Axis("turned away", 0.0, 1.0, tuple((place / 4, f"{25 * place} %") for place in range(5)))
HARDEST = 5
"""This many families have a line of their own beside the mean of all."""


@dataclass(frozen=True)
class View:
    """All that the page says of warm questions, or of cold ones."""

    name: str
    honest: HonestRates
    families: tuple[RejectionCurve, ...]
    language_curves: tuple[RejectionCurve, ...]
    languages: LanguageTable
    reliability: Reliability
    worst: tuple[FalseRejection, ...]

    @property
    def chart(self) -> Markup:
        """Mean of all families and the hardest ones."""
        mean = mean_curve("mean of all families", self.families)
        hardest = [_series(curve, place) for place, curve in enumerate(self.families[:HARDEST], 1)]
        series = [*reversed(hardest), _series(mean, 0)]
        return line_chart(f"{self.name.capitalize()}: all families and the {HARDEST} hardest", series, PRICE, SHARE)

    @property
    def reliability_chart(self) -> Markup:
        """Reliability diagram with its calibration error."""
        axis = Axis("share that is honest", 0.0, 1.0, SHARE.ticks)
        points = [(place.predicted, place.observed) for place in self.reliability.bins]
        series = [Series("perfect", ((0.0, 0.0), (1.0, 1.0)), None, dashed=True)]
        if points:
            series.append(Series("this gate", points, 0, dots=True))
        title = f"{self.name.capitalize()}: expected calibration error {self.reliability.error:.3f}"
        return line_chart(title, series, Axis("P(relevant)", 0.0, 1.0, SHARE.ticks), axis)


def views_of(scored: ScoredAnswers) -> list[View]:
    """Warm, then cold; a regime without honest answers or without negatives is left out."""
    views = []
    for name, warm in ((f"warm, {WARM_SIZE} or more graded answers", True), ("cold, the question alone", False)):
        rows = scored.regime(warm)
        if not (rows & scored.genuine).any() or not (rows & ~scored.genuine).any():
            continue
        views.append(
            View(
                name=name.split(",")[0],
                honest=honest_rates(scored, rows),
                families=tuple(family_curves(scored, rows)),
                language_curves=tuple(language_curves(scored, rows)),
                languages=language_table(scored, rows),
                reliability=reliability(scored, rows),
                worst=tuple(item for item in scored.false_rejections if (item.size >= WARM_SIZE) == warm),
            )
        )
    return views


def write_gate_page(path: str | os.PathLike[str], views: Sequence[View], heading: str, subtitle: str) -> None:
    """Write the page.

    Raises:
        ValueError: there is nothing to show.
    """
    if not views:
        raise ValueError("no question has both honest answers and texts to be turned away; there is nothing to report")
    write_page(
        path,
        "gate.html.j2",
        heading=heading,
        subtitle=subtitle,
        views=views,
        benign=sorted({kind for view in views for kind in view.honest.benign}),
        rates=FALSE_REJECTION_RATES,
        margin=LANGUAGE_MARGIN,
        small=_small,
        bar=_bar,
    )


def _series(curve: RejectionCurve, colour: int) -> Series:
    return Series(curve.name, list(zip(CURVE_RATES, curve.rejected, strict=True)), colour)


def _small(curve: RejectionCurve) -> Markup:
    points = list(zip(CURVE_RATES, curve.rejected, strict=True))
    return small_curve(points, PRICE, SHARE, f"{curve.name}: turned away against honest answers turned away")


def _bar(row: LanguageCheck, view: View) -> Markup:
    top = max((check.false_rejection.interval[1] for check in view.languages.rows), default=1.0)
    return interval_bar(
        row.false_rejection.rate, *row.false_rejection.interval, top, view.languages.mean_false_rejection
    )
