"""Reports: one result, written for a program (JSON), for CI (JUnit), for people (HTML, terminal)."""

from eval.reports.html import write_html
from eval.reports.junit import write_junit
from eval.reports.terminal import summary_lines

__all__ = ["summary_lines", "write_html", "write_junit"]
