"""Grade the answers of a file."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import Any

from grader.full import FullGrader
from synth.answers import AnswerRow, read_answers
from synth.errors import DataFileError
from synth.graded import GradedQuestion, read_graded_files


def grade_file(full: FullGrader, path: str | os.PathLike[str], support: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Rows of the file with the grade and what led to it added, in the file's order.

    Args:
        path: rows with `answer`, `question`, `language`; when the support holds one question only, a row may leave out
            the last two.
        support: a graded file.

    Raises:
        DataFileError: a file cannot be used, or answers belong to questions without graded examples.
    """
    batches = answers_by_question(path, support)
    rows: list[dict[str, Any]] = [{} for _, answers in batches for _ in answers]
    for question, answers in batches:
        results = full.for_question(question).grade([answer.text for _, answer in answers])
        for (number, answer), result in zip(answers, results, strict=True):
            rows[number] = {
                **answer.row,
                "grade": result.grade,
                "max_grade": result.max_grade,
                "expected_grade": round(result.expected_grade, 4),
                "grade_probabilities": {
                    f"{level:g}": round(probability, 4)
                    for level, probability in zip(result.levels, result.probabilities, strict=True)
                },
                "interval": list(result.interval),
                "relevance": None if result.relevance is None else round(result.relevance, 6),
                "reason": result.reason,
            }
    return rows


def answers_by_question(
    path: str | os.PathLike[str], support: str | os.PathLike[str]
) -> list[tuple[GradedQuestion, list[tuple[int, AnswerRow]]]]:
    """The answers of a file with their places in it, by the question of the support that they answer.

    Raises:
        DataFileError: see `grade_file`.
    """
    graded = {(question.text, question.language): question for question in read_graded_files([support])}
    default = next(iter(graded)) if len(graded) == 1 else None
    answers = read_answers(path, default)
    by_question: dict[tuple[str, str], list[tuple[int, AnswerRow]]] = defaultdict(list)
    for number, answer in enumerate(answers):
        by_question[answer.question, answer.language].append((number, answer))
    unknown = [key for key in by_question if key not in graded]
    if unknown:
        named = "; ".join(f"'{text[:60]}' ({language})" for text, language in unknown[:5])
        raise DataFileError(
            f"{os.fspath(path)}: {len(unknown)} question(s) have no graded answers in {os.fspath(support)}: {named}; "
            "add some, or write question and language exactly as there"
        )
    return [(graded[key], rows) for key, rows in by_question.items()]
