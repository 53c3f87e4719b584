"""The report as one HTML page that needs nothing else: tables, plots as SVG, samples to read."""

from __future__ import annotations

from html import escape

from synth.filters.pipeline import FilterPipeline
from synth.output.report import RunReport

_STYLE = """
:root{color-scheme:light dark;--text:#1a1a1a;--page:#fff;--line:#ddd;--note:#555;--curve:#2a6fbb;--bar:#c2571a}
@media(prefers-color-scheme:dark){:root{--text:#e6e6e6;--page:#16181c;--line:#333;--note:#aaa;--curve:#6aa5e8;
--bar:#e07b3c}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:var(--text);
background:var(--page)}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:right;padding:.2rem .6rem;border-bottom:1px solid var(--line)}
th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}
.wide th,.wide td{text-align:left;vertical-align:top}.wide{min-width:38rem}.note{color:var(--note)}
figure{margin:0}figcaption{display:flex;justify-content:space-between;font-size:.85rem}svg{width:100%;height:auto}
.bars{display:grid;grid-template-columns:max-content 1fr;gap:.25rem .6rem;align-items:center;font-size:.85rem}
.bars span:nth-child(odd){text-align:right}.bars i{display:inline-block;height:.9rem;background:var(--bar);
vertical-align:middle;margin-right:.4rem}
"""
_BAR_SHARE = 85
"""Per cent of its column that the longest bar takes; the number stands beside it."""


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
        _bars([(f"{g.language} {g.kind}", g.self_bleu) for g in report.groups if g.self_bleu is not None], most=1.0),
        "<h2>What filters dropped</h2>",
        _bars([(name, float(count)) for name, count in report.dropped.items()]),
        _samples(pipeline),
        "<h2>Waste</h2>",
        _pairs({f"{name} (tokens)": f"{count:,.0f}" for name, count in report.waste.items()}),
        _pairs({f"attempts without a reply: {name}": f"{count:,}" for name, count in report.setbacks.items()}),
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f'<meta name=viewport content="width=device-width,initial-scale=1"><title>{escape(report.name)}</title>'
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
        cells += [f"{group.distinct_1:.2f}", f"{group.distinct_2:.2f}", bleu] if group.kept else ["", "", ""]
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return _table([f"<tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>", *rows])


def _table(rows: list[str], kind: str = "") -> str:
    """A table that scrolls by itself where the window is too narrow for it."""
    return f"<div class=scroll><table class='{kind}'>{''.join(rows)}</table></div>"


def _curve(points: list[tuple[int, int]]) -> str:
    if len(points) < 2:
        return "<p class=note>Too few requests for a curve.</p>"
    width, height = 640, 200
    most_x, most_y = points[-1][0], max(1, points[-1][1])
    path = " ".join(f"{x / most_x * width:.1f},{2 + (1 - y / most_y) * (height - 4):.1f}" for x, y in [(0, 0), *points])
    # Words stand outside the drawing, so that they stay readable where it shrinks.
    return (
        f"<figure><figcaption><span>{most_y:,} rows</span></figcaption>"
        f'<svg viewBox="0 0 {width} {height}" role=img aria-label="rows kept against requests">'
        f'<polyline fill=none stroke="var(--line)" points="0,0 0,{height} {width},{height}"/>'
        f'<polyline fill=none stroke="var(--curve)" stroke-width=2 points="{path}"/></svg>'
        f"<figcaption><span>0</span><span>{most_x:,} requests</span></figcaption></figure>"
    )


def _bars(values: list[tuple[str, float]], most: float | None = None) -> str:
    """Bars on a scale from 0 to `most`, by default the largest value."""
    if not values:
        return "<p class=note>Nothing.</p>"
    top = most or max(value for _, value in values) or 1.0
    bars = []
    for name, value in values:
        shown = f"{value:.2f}" if most else f"{value:,.0f}"
        width = value / top * _BAR_SHARE
        bars.append(f'<span>{escape(name)}</span><span><i style="width:{width:.1f}%"></i>{shown}</span>')
    return f"<div class=bars>{''.join(bars)}</div>"


def _samples(pipeline: FilterPipeline) -> str:
    rows = [
        f"<tr><td>{escape(sample.filter)}</td><td>{escape(sample.kind)}, {escape(sample.language)}</td>"
        f"<td>{escape(sample.answer[:300])}</td><td>{escape(sample.reason)}</td></tr>"
        for samples in pipeline.samples.values()
        for sample in samples
    ]
    if not rows:
        return ""
    head = "<tr><th>filter</th><th>asked for</th><th>answer</th><th>why it was dropped</th></tr>"
    return f"<h2>Dropped answers to read</h2>{_table([head, *rows], 'wide')}"


def _pairs(values: dict[str, str]) -> str:
    rows = [f"<tr><td>{escape(name)}</td><td></td><td>{escape(value)}</td></tr>" for name, value in values.items()]
    return _table(rows) if rows else ""
