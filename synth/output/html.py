"""The report as one HTML page that needs nothing else: tables, plots as SVG, samples to read."""

from __future__ import annotations

from html import escape

from synth.filters.pipeline import FilterPipeline
from synth.output.report import RunReport

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
th,td{text-align:right;padding:.2rem .6rem;border-bottom:1px solid #ddd}th:first-child,td:first-child,th:nth-child(2),
td:nth-child(2){text-align:left}.wide td{text-align:left;vertical-align:top}.note{color:#555}svg{max-width:100%}
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}th,td{border-color:#333}.note{color:#aaa}}
"""
_BLUE, _ORANGE = "#2a6fbb", "#c2571a"


def report_html(report: RunReport, pipeline: FilterPipeline) -> str:
    """The page."""
    parts = [
        f"<h1>{escape(report.name)}: what the requests brought</h1>",
        f"<p>{_sentence(report)}</p>",
        "<h2>By language and kind</h2>",
        _groups_table(report),
        "<p class=note>distinct-1 and distinct-2: different words and pairs of words per word and pair. self-BLEU: how "
        "alike the answers to one question are, 0 all different, 1 all the same.</p>",
        "<h2>New rows per request</h2>",
        _curve(report.curve),
        "<h2>Self-BLEU by language and kind</h2>",
        _bars([(f"{g.language} {g.kind}", g.self_bleu) for g in report.groups if g.self_bleu is not None]),
        "<h2>What filters dropped</h2>",
        _bars([(name, float(count)) for name, count in report.dropped.items()]),
        _samples(pipeline),
        "<h2>Waste</h2>",
        _pairs({f"{name} (tokens)": f"{count:,.0f}" for name, count in report.waste.items()}),
        _pairs({f"attempts without a reply: {name}": f"{count:,}" for name, count in report.setbacks.items()}),
    ]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(report.name)}</title>"
        f"<style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )


def _sentence(report: RunReport) -> str:
    money = "" if report.money is None else f", {report.money:.4f} money"
    tokens = report.prompt_tokens + report.completion_tokens
    per_row = f"{tokens / report.rows:,.0f} tokens a row" if report.rows else "no row"
    return (
        f"{report.rows:,} rows for {report.questions:,} questions from {report.requests:,} requests; {tokens:,} tokens"
        f"{money}; {per_row}. Not asked yet: {report.unasked:,}. Missing although asked: {report.short:,}."
    )


def _groups_table(report: RunReport) -> str:
    head = [
        "language",
        "kind",
        "wanted",
        "written",
        "kept",
        "tokens a row",
        "money a row",
        "distinct-1",
        "distinct-2",
        "self-BLEU",
    ]
    rows = []
    for group in report.groups:
        money = "" if group.money is None or not group.kept else f"{group.money / group.kept:.5f}"
        tokens = "" if group.tokens_per_row is None else f"{group.tokens_per_row:.0f}"
        bleu = "" if group.self_bleu is None else f"{group.self_bleu:.2f}"
        cells = [group.language, group.kind, str(group.wanted), str(group.written), str(group.kept), tokens, money]
        cells += [f"{group.distinct_1:.2f}", f"{group.distinct_2:.2f}", bleu]
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{''.join(rows)}</table>"


def _curve(points: list[tuple[int, int]]) -> str:
    if len(points) < 2:
        return "<p class=note>Too few requests for a curve.</p>"
    width, height, left, bottom = 640, 240, 60, 30
    most_x, most_y = points[-1][0], max(1, points[-1][1])
    path = " ".join(
        f"{left + x / most_x * (width - left - 10):.1f},{height - bottom - y / most_y * (height - bottom - 10):.1f}"
        for x, y in [(0, 0), *points]
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" role=img aria-label="rows kept against requests">'
        f'<polyline fill=none stroke="{_BLUE}" stroke-width=2 points="{path}"/>'
        f"<g fill=currentColor font-size=12><text x={left} y={height - 8}>0 requests</text>"
        f"<text x={width - 10} y={height - 8} text-anchor=end>{most_x:,} requests</text>"
        f"<text x={left - 6} y=18 text-anchor=end>{most_y:,}</text>"
        f"<text x={left - 6} y={height - bottom} text-anchor=end>0 rows</text></g></svg>"
    )


def _bars(values: list[tuple[str, float]]) -> str:
    if not values:
        return "<p class=note>Nothing.</p>"
    most = max(value for _, value in values) or 1.0
    bars = []
    for place, (name, value) in enumerate(values):
        y = place * 22
        shown = f"{value:,.0f}" if value == int(value) and value != 0 else f"{value:.2f}" if value else "0"
        bars.append(
            f"<text x=210 y={y + 15} text-anchor=end fill=currentColor font-size=12>{escape(name)}</text>"
            f'<rect x=218 y={y + 4} width={value / most * 340:.1f} height=14 fill="{_ORANGE}"/>'
            f"<text x={224 + value / most * 340:.0f} y={y + 15} fill=currentColor font-size=12>{shown}</text>"
        )
    return f'<svg viewBox="0 0 640 {len(values) * 22 + 4}" role=img>{"".join(bars)}</svg>'


def _samples(pipeline: FilterPipeline) -> str:
    rows = [
        f"<tr><td>{escape(sample.filter)}</td><td>{escape(sample.kind)}, {escape(sample.language)}</td>"
        f"<td>{escape(sample.answer[:300])}</td><td>{escape(sample.reason)}</td></tr>"
        for samples in pipeline.samples.values()
        for sample in samples
    ]
    return f"<table class=wide>{''.join(rows)}</table>" if rows else ""


def _pairs(values: dict[str, str]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td></td><td>{escape(value)}</td></tr>" for name, value in values.items()
    )
    return f"<table>{rows}</table>" if rows else ""
