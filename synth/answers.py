"""Answer files: answers to be graded or judged, with their questions."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from synth.errors import DataFileError, RowProblem
from synth.tables import read_rows


@dataclass(frozen=True)
class AnswerRow:
    """An ungraded answer; `row` is the whole row of the file, which results are added to."""

    question: str
    text: str
    language: str
    references: tuple[str, ...] = ()
    row: dict[str, Any] = field(default_factory=dict)


def read_answers(path: str | os.PathLike[str], default_question: tuple[str, str] | None = None) -> list[AnswerRow]:
    """Rows with `question, answer, language` (optional `reference`), in the file's order.

    Args:
        default_question: (question, language) for rows that name neither, when there is only one question.

    Raises:
        DataFileError: the file or any row cannot be used; all bad rows are named.
    """
    answers: list[AnswerRow] = []
    problems: list[RowProblem] = []
    for number, row in read_rows(path):
        question, language = row.get("question"), row.get("language")
        if default_question:
            question, language = question or default_question[0], language or default_question[1]
        text = row.get("answer", "") if os.fspath(path).endswith(".csv") else row.get("answer")
        for name, value in (("question", question), ("language", language)):
            if not isinstance(value, str) or not value.strip():
                problems.append(RowProblem(os.fspath(path), number, name, "missing or not a text", "add it"))
        if not isinstance(text, str):
            problems.append(
                RowProblem(os.fspath(path), number, "answer", "missing or not a text", 'add it ("" for a blank sheet)')
            )
        elif isinstance(question, str) and isinstance(language, str):
            reference = row.get("reference")
            references = (reference,) if isinstance(reference, str) and reference.strip() else ()
            answers.append(AnswerRow(question, text, language, references, row))
    if problems:
        raise DataFileError(f"{os.fspath(path)}: {len(problems)} problem(s) in answers; nothing was used", problems)
    return answers
