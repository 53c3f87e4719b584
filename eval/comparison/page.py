"""The comparison as one self-contained HTML page (no script, no network, light and dark, any width) and as text."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eval.comparison.plots import leak_bars, quality_against_cost
from eval.comparison.results import Comparison, Row
from synth.pages import page_environment
from synth.whole_files import write_whole_text

NOTHING = "–"
QUALITY_COLUMNS = 10
"""So many of `COLUMNS` are about quality and leaks, the others about cost; two tables that fit a screen."""


@dataclass(frozen=True)
class Column:
    """One figure of the table. `better` is 1 where more is better, -1 where less is, 0 for neither."""

    title: str
    hint: str
    value: Callable[[Row], float | None]
    shown: Callable[[float], str]
    better: int = 0


def _kappa(value: float) -> str:
    # Rounded first: a kappa of minus almost nothing is 0.000, not -0.000.
    return f"{round(value, 3) + 0.0:.3f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _seconds(value: float) -> str:
    return f"{1000 * value:.2f} ms" if value < 0.01 else f"{1000 * value:.0f} ms" if value < 1 else f"{value:.1f} s"


def _count(value: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g} {unit}"
    return f"{value:.0f}"


def _bytes(value: float) -> str:
    return f"{value / 1e6:.3g} MB" if value >= 1e6 else f"{value / 1e3:.0f} kB"


COLUMNS = (
    Column("kappa", "quadratic weighted kappa, without the gate", lambda r: r.quality.qwk, _kappa, 1),
    Column("… gated", "kappa behind the gate", lambda r: r.quality.qwk_gated, _kappa, 1),
    Column("accuracy", "exactly the teacher's grade", lambda r: r.quality.accuracy, _percent, 1),
    Column("RMSE", "in % of the highest grade", lambda r: r.quality.rmse, _percent, -1),
    Column("MAE", "in % of the highest grade", lambda r: r.quality.mae, _percent, -1),
    Column("ECE", "expected calibration error", lambda r: r.quality.ece, "{:.3f}".format, -1),
    Column("Brier", "of the grade probabilities, 0 to 2", lambda r: r.quality.brier, "{:.2f}".format, -1),
    Column("leaks", "nonsense graded above 0, no gate", lambda r: r.plain.leaks.rate, _percent, -1),
    Column("… gated", "nonsense graded above 0 behind the gate", lambda r: r.gated.leaks.rate, _percent, -1),
    Column("false rej.", "honest answers turned away", lambda r: r.gated.false_rejections.rate, _percent, -1),
    Column("p50", "one answer alone", lambda r: r.speed.p50, _seconds, -1),
    Column("p99", "one answer alone", lambda r: r.speed.p99, _seconds, -1),
    Column("per second", "answers graded together", lambda r: r.speed.per_second, _count, 1),
    Column("CPU / 1,000", "processor seconds here", lambda r: r.speed.cpu_per_1000, "{:.2f} s".format, -1),
    Column("money / 1,000", "as priced", lambda r: r.speed.money_per_1000, "{:.3f}".format, -1),
    Column("tokens", "per answer, in and out", lambda r: r.speed.tokens_per_answer, _count, -1),
    Column("learns in", "one question", lambda r: r.speed.fit_seconds, _seconds, -1),
    Column("parameters", "with the encoder, if any", lambda r: r.parameters, _count),
    Column("on disk", "with the encoder, if any", lambda r: r.bytes, _bytes),
)


def write_page(path: str | os.PathLike[str], comparison: Comparison) -> None:
    """Write the page, whole or not at all."""
    environment = page_environment(Path(__file__).parent)
    page = environment.get_template("comparison.html.j2").render(
        comparison=comparison,
        parts=[("Quality and leaks", slice(0, QUALITY_COLUMNS)), ("Cost", slice(QUALITY_COLUMNS, None))],
        columns=COLUMNS,
        cells=[[(_cell(row, column), best) for column, best in zip(COLUMNS, _bests(comparison, row), strict=True)]
               for row in comparison.rows],
        sources=list(comparison.rows[0].by_source),
        families=_worst_families(comparison),
        front=comparison.pareto(),
        cost_plot=quality_against_cost(comparison, "cpu"),
        latency_plot=quality_against_cost(comparison, "latency"),
        leak_plot=leak_bars(comparison),
    )  # fmt: skip
    write_whole_text(path, page)


def table_text(comparison: Comparison) -> str:
    """The table for a terminal, in two parts."""
    blocks = []
    for columns in (COLUMNS[:QUALITY_COLUMNS], COLUMNS[QUALITY_COLUMNS:]):
        heads = ["grader", *(column.title for column in columns)]
        lines = [[row.name, *(_cell(row, column) for column in columns)] for row in comparison.rows]
        widths = [max(len(line[place]) for line in [heads, *lines]) for place in range(len(heads))]
        for line in [heads, *lines]:
            first, *others = zip(line, widths, strict=True)
            blocks.append(first[0].ljust(first[1]) + "".join(f"  {cell.rjust(width)}" for cell, width in others))
        blocks.append("")
    return "\n".join(blocks).rstrip()


def _cell(row: Row, column: Column) -> str:
    value = column.value(row)
    return NOTHING if value is None else column.shown(value)


def _bests(comparison: Comparison, row: Row) -> list[bool]:
    """Whether the row has the best figure of each column, as shown."""
    found = []
    for column in COLUMNS:
        values = [value for other in comparison.rows if (value := column.value(other)) is not None]
        own = column.value(row)
        if not column.better or own is None or len({column.shown(value) for value in values}) < 2:
            found.append(False)
            continue
        best = max(values, key=lambda value: column.better * value)
        found.append(column.shown(own) == column.shown(best))
    return found


def _worst_families(comparison: Comparison, count: int = 12) -> list[tuple[str, list[tuple[float, float]]]]:
    """Families that leak most without a gate, with every grader's rates without and with it."""
    names = list(comparison.rows[0].plain.families)
    total = {name: sum(row.plain.families[name].rate for row in comparison.rows) for name in names}
    worst = sorted(names, key=lambda name: -total[name])[:count]
    return [
        (name, [(row.plain.families[name].rate, row.gated.families[name].rate) for row in comparison.rows])
        for name in worst
    ]
