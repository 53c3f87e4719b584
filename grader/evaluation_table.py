"""An evaluation as text that fits a terminal."""

from __future__ import annotations

from grader.evaluation import Evaluation

CELL = 7


def quality_table(result: Evaluation) -> str:
    """Mean quadratic weighted kappa by data set, one grader a line; data sets count alike in the mean.

    Data sets are numbered; the lines below the table name them.
    """
    sources = result.sources
    first = max(len(name) for name in ["grader", *result.graders])
    heads = [*(f"set {number}" for number in range(1, len(sources) + 1)), "mean", "error", "ECE"]
    lines = ["grader".ljust(first) + "".join(head.rjust(CELL) for head in heads)]
    for name in result.graders:
        values = [f"{result.by_source(name)[source].mean():.3f}" for source in sources]
        values += [f"{result.mean(name):.3f}", f"{result.mean(name, 'mae'):.3f}"]
        values.append(f"{result.calibration[name]:.3f}" if name in result.calibration else "-")
        lines.append(name.ljust(first) + "".join(value.rjust(CELL) for value in values))
    counts = {source: len(values) for source, values in result.by_source(result.graders[0]).items()}
    lines += [f"set {number}: {source}, {counts[source]} questions" for number, source in enumerate(sources, 1)]
    return "\n".join(lines)


def difference_table(result: Evaluation, grader: str) -> str:
    """`grader` minus every other one: mean and per data set, with 95 % intervals paired over questions."""
    lines = []
    for other in result.graders:
        if other == grader:
            continue
        lines.append(f"{grader} - {other}: {_interval(*result.difference(grader, other))}")
        if len(result.sources) > 1:
            lines += [f"    {name}: {_interval(*result.difference(grader, other, name))}" for name in result.sources]
    return "\n".join(lines)


def _interval(mean: float, low: float, high: float) -> str:
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
