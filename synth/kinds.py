"""The kinds of answer a model can be asked for. Each is a template in `prompts/`: a new file is a new kind."""

from __future__ import annotations

from functools import cache

from prompts import template_names
from synth.examples import RELEVANT_KINDS

LIST_TEMPLATE = "list/answers"
DEFAULT_COUNTS = {"correct": 8, "incomplete": 6, "incorrect": 6, "irrelevant": 6}


@cache
def answer_templates() -> dict[str, str]:
    """Kind -> name of its template: the relevant kinds first, then irrelevant, then the families by name."""
    names = {name.split("/", 1)[1]: name for name in template_names() if name.startswith(("answers/", "adversarial/"))}
    order = [*RELEVANT_KINDS, "irrelevant"]
    return {kind: names[kind] for kind in sorted(names, key=lambda kind: [*order, kind].index(kind))}


def is_relevant(kind: str) -> bool:
    """Whether answers of this kind are on topic."""
    return kind in RELEVANT_KINDS
