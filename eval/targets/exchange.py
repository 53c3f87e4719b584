"""The exchange that every outside target shares: one JSON object asks, one JSON value answers.

Asked: `{"question": {"id", "text", "language", "max_grade", "references", "rubric", "accepted_languages"}, "support":
[{"text", "grade"}, …], "answers": ["…", …]}`. Answered: a list with one item per answer in order, bare or under
`grades`; an item is a grade, or an object with `grade` and optionally `relevance` (0 … 1), `reason` (why the text was
turned away) and `expected_grade`. `{"error": "…"}`, for all or as an item, says that the target could not grade.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from eval.targets.base import TargetError, TargetGrade, shown
from synth.graded import GradedAnswer, GradedQuestion


def asked(question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]) -> dict[str, Any]:
    """What a target is asked. Of the question's graded answers it learns the support alone."""
    return {
        "question": {
            "id": question.id,
            "text": question.text,
            "language": question.language,
            "max_grade": question.max_grade,
            "references": list(question.references),
            "rubric": dict(question.rubric),
            "accepted_languages": list(question.accepted_languages),
        },
        "support": [{"text": answer.text, "grade": answer.grade} for answer in support],
        "answers": list(answers),
    }


def read_reply(text: str | bytes, answers: Sequence[str]) -> list[TargetGrade]:
    """`read_grades` of JSON text.

    Raises:
        TargetError: it is no JSON, or as in `read_grades`.
    """
    try:
        # Python reads NaN and Infinity although JSON has neither; they are told from garbage when grades are checked.
        value = json.loads(text)
    except ValueError as error:
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        raise TargetError("garbage", f"the reply is no JSON ({error}): {shown(said, 200)}") from error
    return read_grades(value, answers)


def read_grades(value: Any, answers: Sequence[str]) -> list[TargetGrade]:
    """Grades from a reply, one per answer. Their range is checked later, by `grade_checked`.

    Raises:
        TargetError: the reply has another shape, or another number of grades than there are answers.
    """
    if isinstance(value, dict) and "error" in value:
        raise TargetError("refused", f"the target says: {shown(str(value['error']), 300)}")
    if isinstance(value, dict) and "grades" in value:
        value = value["grades"]
    elif len(answers) == 1 and not isinstance(value, list):
        value = [value]
    if not isinstance(value, list):
        raise TargetError(
            "garbage", f"the reply is no list of grades, bare or under 'grades': {shown(repr(value), 200)}"
        )
    if len(value) != len(answers):
        raise TargetError("missing rows", f"{len(value)} grades for {len(answers)} answers")
    return [_grade(item, answer) for item, answer in zip(value, answers, strict=True)]


def _grade(item: Any, answer: str) -> TargetGrade:
    if not isinstance(item, dict):
        item = {"grade": item}
    if "error" in item:
        raise TargetError("refused", f"the target says: {shown(str(item['error']), 300)}", answer=answer)
    if "grade" not in item:
        raise TargetError("garbage", f"an item without 'grade': {shown(repr(item), 200)}", answer=answer)
    reason = item.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise TargetError("garbage", f"reason is {reason!r}, no text", answer=answer)
    return TargetGrade(
        _number(item, "grade", answer),
        None if item.get("relevance") is None else _number(item, "relevance", answer),
        # An empty reason is none.
        reason or None,
        None if item.get("expected_grade") is None else _number(item, "expected_grade", answer),
    )


def _number(item: dict[str, Any], name: str, answer: str) -> float:
    value = item[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TargetError("not a number", f"{name} is {shown(repr(value), 60)}", answer=answer)
    return float(value)
