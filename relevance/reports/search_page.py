"""The page of a search: parallel coordinates, learning curves, the table of trials."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Sequence

from relevance.reports.page import write_page
from relevance.reports.svg import Axis, ParallelLine, Series, line_chart, parallel_coordinates
from relevance.search_results import SearchResult, Trial

SETTINGS = (
    "batch_size",
    "learning_rate",
    "dropout",
    "interaction_dropout",
    "optimizer",
    "width",
    "depth",
    "weight_decay",
    "interactions",
    "feature_set",
    "negative_mix",
)
LOGARITHMIC = ("learning_rate", "weight_decay")
COLOURED = 6
"""The best trials have a colour of their own in the learning curves."""


def write_search_page(path: str | os.PathLike[str], result: SearchResult) -> None:
    """Write the page."""
    trials = result.trials
    best = trials[0]
    finished = [trial.objective for trial in trials if trial.state == "finished"]
    counts = Counter(trial.state for trial in trials)
    write_page(
        path,
        "search.html.j2",
        trials=trials,
        best=best,
        best_epoch=best.objectives.index(best.objective) + 1,
        states=", ".join(f"{count} {state}" for state, count in sorted(counts.items())),
        spread=best.objective - min(finished, default=best.objective),
        settings=SETTINGS,
        cell=lambda trial, name: _label(trial.config.as_dict()[name]),
        parallel=_parallel(trials),
        objectives=_curves("Objective on validation questions", trials, "objectives"),
        losses=_curves("Training loss", trials, "losses"),
    )


def _parallel(trials: Sequence[Trial]) -> str:
    columns = [(name, [trial.config.as_dict()[name] for trial in trials]) for name in SETTINGS]
    columns.append(("objective", [trial.objective for trial in trials]))
    axes = []
    places: list[list[float]] = []
    for name, values in columns:
        column, ticks = _column(values, name in LOGARITHMIC)
        axes.append((name, ticks))
        places.append(column)
    worst = max(1, len(trials) - 1)
    lines = [
        ParallelLine(f"{trial.name}: {trial.objective:.4f}", tuple(column[number] for column in places), number / worst)
        for number, trial in enumerate(trials)
    ]
    return parallel_coordinates("One line for every trial", axes, lines)


def _column(values: Sequence[object], logarithmic: bool) -> tuple[list[float], list[tuple[float, str]]]:
    """Places of the values on their axis, and the axis' ticks: every value of a choice, five of a range."""
    if all(isinstance(value, float) for value in values):
        numbers = [float(str(value)) for value in values]
        axis = Axis("", min(numbers), max(numbers), (), logarithmic)
        ticks = []
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            if logarithmic:
                value = math.exp(math.log(axis.low) + share * (math.log(axis.high) - math.log(axis.low)))
            else:
                value = axis.low + share * (axis.high - axis.low)
            ticks.append((share, _label(value)))
        return [axis.share(number) for number in numbers], ticks if axis.high > axis.low else [(0.5, _label(axis.low))]
    choices = sorted(set(values), key=lambda value: value if isinstance(value, int) else str(value))
    place = {value: number / (len(choices) - 1) if len(choices) > 1 else 0.5 for number, value in enumerate(choices)}
    return [place[value] for value in values], [(place[value], _label(value)) for value in choices]


def _curves(title: str, trials: Sequence[Trial], name: str) -> str:
    series = []
    for number, trial in reversed(list(enumerate(trials))):
        points = [(epoch, value) for epoch, value in enumerate(getattr(trial, name), 1)]
        label = f"{trial.name} ({trial.objective:.4f})" if number < COLOURED else ""
        series.append(Series(label, points, number if number < COLOURED else None, dots=len(points) == 1))
    values = [value for line in series for _, value in line.points]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    longest = max(trial.epochs for trial in trials)
    step = max(1, longest // 6)
    x = Axis("epoch", 1, max(2, longest), tuple((epoch, str(epoch)) for epoch in range(1, longest + 1, step)))
    y = Axis(
        "", low, high, tuple((low + share * span, f"{low + share * span:.3f}") for share in (0, 0.25, 0.5, 0.75, 1))
    )
    return line_chart(title, series, x, y)


def _label(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
