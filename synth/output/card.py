"""The data card of a generated corpus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prompts.loader import load_template
from synth.output.report import RunReport
from synth.plan.model import Plan

CARD_FOLDER = Path(__file__).parent


def card_text(plan: Plan, report: RunReport, parts: Mapping[str, int]) -> str:
    """The card as Markdown; its front matter tells `datasets` where the parts are."""
    languages = sorted({group.language for group in report.groups})
    there = {part: count for part, count in parts.items() if count}
    template = load_template("card.md", CARD_FOLDER)
    return template.render(plan=plan, report=report, parts=there, languages=languages) + "\n"
