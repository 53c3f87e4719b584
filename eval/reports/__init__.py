"""Reports: one result, written for a program (JSON), for CI (JUnit, SARIF, Markdown), for people (HTML, terminal)."""

from eval.reports.html import write_html
from eval.reports.junit import write_junit
from eval.reports.markdown import markdown_summary, write_markdown
from eval.reports.sarif import write_sarif
from eval.reports.terminal import check_lines, comparison_lines, summary_lines

__all__ = [
    "check_lines",
    "comparison_lines",
    "markdown_summary",
    "summary_lines",
    "write_html",
    "write_junit",
    "write_markdown",
    "write_sarif",
]
