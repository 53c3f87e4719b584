"""Train, validation and test without leakage: what belongs together is never divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from synth.examples import text_hash
from synth.questions import QuestionSpec
from synth.text import fold

PARTS = ("train", "validation", "test")


def assigned_parts(questions: Sequence[QuestionSpec], shares: Mapping[str, float], seed: int) -> dict[str, str]:
    """Question id -> part.

    Questions of one group (course, article, parallel question) and questions with the same words stay together. Groups
    are dealt out in an order that depends on their names and the seed alone, so the same questions are always split the
    same way; every part with a share above 0 gets a group as soon as there are enough of them.
    """
    root = _roots(questions)
    sizes: dict[str, int] = {}
    for question in questions:
        sizes[root[question.id]] = sizes.get(root[question.id], 0) + 1
    order = sorted(sizes, key=lambda name: text_hash(f"{seed}\n{name}"))
    wanted = [part for part in PARTS if shares.get(part, 0) > 0]
    counts = dict.fromkeys(wanted, 0)
    part_of: dict[str, str] = {}
    for place, name in enumerate(order):
        if place < len(wanted) and len(order) >= len(wanted):
            part = wanted[place]
        else:
            # The part that is furthest behind its share; of equals, the first.
            part = min(wanted, key=lambda part: ((counts[part] + sizes[name]) / shares[part], wanted.index(part)))
        counts[part] += sizes[name]
        part_of[name] = part
    return {question.id: part_of[root[question.id]] for question in questions}


def _roots(questions: Sequence[QuestionSpec]) -> dict[str, str]:
    """Question id -> name of the set it belongs to: joined by group or by wording."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for question in questions:
        own = f"question {question.id}"
        for other in (f"group {question.group}" if question.group else own, f"text {fold(question.text)}"):
            first, second = sorted((find(own), find(other)))
            leader[second] = first
    return {question.id: find(f"question {question.id}") for question in questions}
