"""Judge the answers of a file."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any

from relevance.gate import Gate
from synth.answers import read_answers
from synth.graded import GradedQuestion, read_graded_files


def score_file(
    gate: Gate, path: str | os.PathLike[str], support: str | os.PathLike[str] | None = None
) -> list[dict[str, Any]]:
    """Rows of the file with `relevance`, `rejected` and `reason` added, in the file's order.

    Args:
        path: rows with question, answer, language (optional reference).
        support: a graded file; its answers are the support of the questions they belong to.

    Raises:
        DataFileError: a file cannot be used.
    """
    answers = read_answers(path)
    graded = (
        {(question.text, question.language): question for question in read_graded_files([support])} if support else {}
    )
    by_question: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, answer in enumerate(answers):
        by_question[answer.question, answer.language].append(number)
    rows: list[dict[str, Any]] = [{} for _ in answers]
    for key, numbers in by_question.items():
        question = graded.get(key) or GradedQuestion(
            id="", text=key[0], language=key[1], max_grade=1.0, answers=(), references=answers[numbers[0]].references
        )
        judged = gate.for_question(question).judge([answers[number].text for number in numbers])
        for number, verdict in zip(numbers, judged.verdicts, strict=True):
            rows[number] = {
                **answers[number].row,
                "relevance": round(verdict.relevance, 6),
                "rejected": verdict.rejected,
                "reason": verdict.reason,
            }
    return rows
