"""Where a row is from: the prompt, the reply, and what every filter says of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from synth.engine.log import RunLog
from synth.examples import Example
from synth.filters.base import Candidate, FilterContext
from synth.filters.registry import build_filters
from synth.generate import LOG_NAME
from synth.plan.model import Plan
from synth.tables import read_rows


class ExplainError(ValueError):
    """No such row, or its request is not in the log."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class Explanation:
    """Everything known of a row."""

    example: Example
    prompt: str
    response: str
    tokens: tuple[int, int]
    filters: dict[str, str]
    """Filter -> `passed`."""


def explain(folder: str | os.PathLike[str], row_id: str, plan: Plan) -> Explanation:
    """Explain a row of a run's folder; the first characters of its id are enough if only one row begins so.

    Raises:
        ExplainError: no row or several rows have the id, or the log does not hold the row's request.
        DataFileError: the folder holds no corpus.
    """
    folder = Path(folder)
    rows = [row for _, row in read_rows(folder / "examples.jsonl") if str(row.get("id", "")).startswith(row_id)]
    if len(rows) != 1:
        raise ExplainError(f"{folder}: {len(rows)} rows have an id that begins with '{row_id}'; name exactly one")
    example = Example.model_validate(rows[0])
    key = example.provenance.request_id
    with RunLog(folder / LOG_NAME, read_only=True) as log:
        response = log.get(key) if key else None
        prompt = log.prompt_of(key) if key else None
    if response is None or prompt is None:
        raise ExplainError(f"{folder}: row {example.id} was made by {example.provenance.generator}, not by a request")
    context = FilterContext(example.question, example.language)
    candidate = Candidate(example.answer, example.kind, example.language)
    verdicts = {}
    for rule in build_filters(plan.quality.filters):
        verdicts[rule.name] = rule.drops([candidate], context).get(0, "passed")
    return Explanation(
        example=example,
        prompt=prompt,
        response=response.content,
        tokens=(response.prompt_tokens, response.completion_tokens),
        filters=verdicts,
    )
