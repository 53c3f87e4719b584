"""The request for one answer's grade."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from grader.levels import GradeScale
from prompts import load_template
from synth.engine.request import PromptRequest
from synth.graded import GradedAnswer, GradedQuestion
from synth.languages import language_name
from synth.questions import plain_number

TEMPLATE = "grading/grade"
REPLY_TOKENS = 64


def grade_request(
    question: GradedQuestion,
    scale: GradeScale,
    examples: Sequence[GradedAnswer],
    answer: str,
    model: str,
    parameters: Mapping[str, Any],
    attempt: int = 0,
) -> PromptRequest:
    """The request; `attempt` above 0 asks again after an unreadable reply."""
    template = load_template(TEMPLATE)
    levels = [plain_number(round(float(level), 6)) for level in scale.levels]
    prompt = template.render(
        question=question.text,
        language_name=language_name(question.language),
        max_grade=plain_number(question.max_grade),
        levels=levels,
        references=list(question.references),
        rubric=dict(question.rubric),
        examples=[{"text": example.text, "grade": plain_number(example.grade)} for example in examples],
        fence=fence_of(answer),
        answer=answer.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    )
    return PromptRequest(
        prompt=prompt,
        template=template.name,
        template_hash=template.sha256,
        model=model,
        parameters={"temperature": 0.0, "max_tokens": REPLY_TOKENS, **parameters},
        schema=_schema(template.schema, levels),
        sample=attempt,
    )


def fence_of(answer: str) -> str:
    """A word that marks where the answer begins and ends.

    It is a hash of the answer, so the same answer makes the same request (and is paid for once), and a student who
    knows the rule still cannot write the fence into the answer: that would change the hash.
    """
    digest = hashlib.sha256(answer.encode("utf-8", "surrogatepass")).hexdigest()
    return f"ANSWER-{digest[:16].upper()}"


def _schema(schema: Mapping[str, Any] | None, levels: Sequence[int | float]) -> dict[str, Any]:
    """The template's schema, the grade narrowed to the question's levels."""
    narrowed: dict[str, Any] = copy.deepcopy(dict(schema or {}))
    narrowed["properties"]["grade"]["enum"] = list(levels)
    return narrowed
