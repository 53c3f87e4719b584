"""An evaluation as text."""

from __future__ import annotations

from grader.evaluation import Evaluation


def quality_table(result: Evaluation) -> str:
    """Mean quadratic weighted kappa by data set, one grader a line; data sets count alike in the mean."""
    sources = result.sources
    counts = {source: len(values) for source, values in result.by_source(result.graders[0]).items()}
    heads = [f"{source} ({counts[source]})" for source in sources]
    wide = [max(len(head), 6) + 2 for head in heads]
    first = max(len(name) for name in ["grader", *result.graders]) + 1
    lines = ["grader".ljust(first) + "".join(head.rjust(w) for head, w in zip(heads, wide, strict=True))]
    lines[0] += "mean".rjust(8) + "error".rjust(8) + "ECE".rjust(8)
    for name in result.graders:
        values = [result.by_source(name)[source].mean() for source in sources]
        row = name.ljust(first) + "".join(f"{value:.3f}".rjust(w) for value, w in zip(values, wide, strict=True))
        calibration = f"{result.calibration[name]:.3f}" if name in result.calibration else "-"
        row += f"{result.mean(name):.3f}".rjust(8) + f"{result.mean(name, 'mae'):.3f}".rjust(8) + calibration.rjust(8)
        lines.append(row)
    return "\n".join(lines)


def difference_table(result: Evaluation, grader: str) -> str:
    """`grader` minus every other one: mean and per data set, with 95 % intervals paired over questions."""
    lines = []
    for other in result.graders:
        if other == grader:
            continue
        parts = [(source, *result.difference(grader, other, source)) for source in result.sources]
        detail = ", ".join(f"{source} {mean:+.3f} [{low:+.3f}, {high:+.3f}]" for source, mean, low, high in parts)
        mean, low, high = result.difference(grader, other)
        lines.append(f"{grader} - {other}: {mean:+.3f} [{low:+.3f}, {high:+.3f}]   {detail}")
    return "\n".join(lines)
