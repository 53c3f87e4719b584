"""A whole reply, read: the answers in it and what was wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from synth.examples import RELEVANT_KINDS
from synth.replies.json_reply import parse_objects
from synth.replies.labels import split_label
from synth.replies.list_reply import parse_list, unquoted
from synth.replies.refusals import is_refusal
from synth.text import whole_characters

ReplyForm = Literal["json", "list"]
ReplyState = Literal["ok", "repaired", "broken", "refused"]


@dataclass(frozen=True)
class ReplyItem:
    """One answer of a reply. `labelled` says that the model wrote a label in front, which was taken off."""

    text: str
    kind: str
    grade: float | None = None
    labelled: bool = False


@dataclass(frozen=True)
class ParsedReply:
    """`state` is `broken` or `refused` only where no answer could be read."""

    items: tuple[ReplyItem, ...]
    state: ReplyState


def parse_answers(text: str, form: ReplyForm, kind: str, max_grade: float) -> ParsedReply:
    """Read a reply.

    Args:
        text: what the model wrote.
        form: the form it was asked for. A model asked for a list may write JSON and the other way round: the other form
            is tried where the first gives nothing.
        kind: what was asked for; answers of the list form have the kind of their label instead, `correct` without one.
        max_grade: grades outside 0 … max_grade are dropped, the answer is kept.
    """
    items, repaired = _json_items(text, kind, max_grade) if form == "json" else _list_items(text, kind, max_grade)
    if not items:
        other = _list_items if form == "json" else _json_items
        items, _ = other(text, kind, max_grade)
        repaired = True
    if items:
        return ParsedReply(tuple(items), "repaired" if repaired else "ok")
    return ParsedReply((), "refused" if is_refusal(text) else "broken")


def _json_items(text: str, kind: str, max_grade: float) -> tuple[list[ReplyItem], bool]:
    objects, repaired = parse_objects(text, "answers")
    items = []
    for value in objects:
        answer = value.get("text", value.get("answer"))
        if not isinstance(answer, str):
            continue
        label, answer = split_label(whole_characters(answer))
        answer = unquoted(answer)
        if answer:
            items.append(ReplyItem(answer, kind, _grade(value, kind, max_grade), label is not None))
    return items, repaired


def _list_items(text: str, kind: str, max_grade: float) -> tuple[list[ReplyItem], bool]:
    items = []
    for label, relevant, answer in parse_list(text):
        own = (label if label in RELEVANT_KINDS else "correct") if relevant else "irrelevant"
        if kind not in (*RELEVANT_KINDS, "irrelevant", "list"):
            own = kind
        items.append(ReplyItem(answer, own, _grade({}, own, max_grade), label is not None))
    return items, False


def _grade(value: Mapping[str, Any], kind: str, max_grade: float) -> float | None:
    """The answer's grade: by definition for correct and incorrect ones, the model's for incomplete ones, or None."""
    if kind == "correct":
        return max_grade
    if kind == "incorrect":
        return 0.0
    if kind != "incomplete":
        return None
    try:
        grade = float(value.get("grade", math.nan))
    except (TypeError, ValueError):
        return None
    return grade if 0 < grade < max_grade else None
