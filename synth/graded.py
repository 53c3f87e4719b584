"""Graded files: what a teacher or a data team brings. One row per graded answer, grouped into questions."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.errors import DataFileError, RowProblem
from synth.examples import LANGUAGE_TAG, question_id
from synth.tables import read_rows, write_rows

REQUIRED_COLUMNS = ("question", "answer", "grade", "max_grade", "language")


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """A student's text and the grade a teacher gave it, 0 … the question's `max_grade`."""

    text: str
    grade: float


@dataclass(frozen=True, slots=True)
class GradedQuestion:
    """A question with its graded answers, in the order of the file."""

    id: str
    text: str
    language: str
    max_grade: float
    answers: tuple[GradedAnswer, ...]
    references: tuple[str, ...] = ()
    group: str = ""
    """Course, exercise or subject: questions of one group are each other's hard negatives."""
    accepted_languages: tuple[str, ...] = ()
    """Languages an answer may be in besides `language`."""
    rubric: Mapping[str, str] = field(default_factory=dict)


def read_graded_files(paths: Sequence[str | os.PathLike[str]]) -> list[GradedQuestion]:
    """Read graded files (.jsonl, .jsonl.gz, .parquet, .csv) into questions, in the order of their first rows.

    Columns: `question, answer, grade, max_grade, language`; optional `reference`, `group` (by default the file's
    name), `accepted_languages` (a list, or tags separated by commas). Other columns are left alone.

    Raises:
        DataFileError: a file is missing or any row of any file cannot be used; all problems of all files are named.
    """
    problems: list[RowProblem] = []
    messages: list[str] = []
    collected: dict[tuple[str, str], _Collected] = {}
    for path in paths:
        try:
            for number, row in read_rows(path):
                found = _row_problems(str(path), number, row)
                if found:
                    problems.extend(found)
                else:
                    _collect(collected, str(path), number, row, problems)
        except DataFileError as error:
            problems.extend(error.problems)
            if not error.problems:
                messages.append(str(error))
    if messages or problems:
        if problems:
            messages.append(f"{len(problems)} problem(s) in graded files; nothing was used")
        raise DataFileError("\n".join(messages), problems)
    if not collected:
        raise DataFileError(f"{', '.join(map(str, paths))}: no rows; a graded file needs {', '.join(REQUIRED_COLUMNS)}")
    return [item.question() for item in collected.values()]


def write_graded_file(path: str | os.PathLike[str], questions: Iterable[GradedQuestion]) -> int:
    """Write questions as a graded file that `read_graded_files` reads back. Returns the number of rows."""
    rows = (
        {
            "question": question.text,
            "answer": answer.text,
            "grade": answer.grade,
            "max_grade": question.max_grade,
            "language": question.language,
            "reference": question.references[0] if question.references else None,
            "group": question.group,
            "accepted_languages": ",".join(question.accepted_languages) or None,
        }
        for question in questions
        for answer in question.answers
    )
    return write_rows(path, rows)


@dataclass(slots=True)
class _Collected:
    file: str
    row: int
    text: str
    language: str
    max_grade: float
    group: str
    accepted_languages: tuple[str, ...]
    references: list[str]
    answers: list[GradedAnswer]

    def question(self) -> GradedQuestion:
        return GradedQuestion(
            id=question_id(self.text, self.language),
            text=self.text,
            language=self.language,
            max_grade=self.max_grade,
            answers=tuple(self.answers),
            references=tuple(self.references),
            group=self.group,
            accepted_languages=self.accepted_languages,
        )


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _row_problems(file: str, number: int, row: Mapping[str, Any]) -> list[RowProblem]:
    def problem(name: str, what: str, remedy: str) -> RowProblem:
        return RowProblem(file, number, name, what, remedy)

    found = []
    for name in ("question", "language"):
        value = row.get(name)
        if value is None:
            found.append(problem(name, "missing", "add the column and a value"))
        elif not isinstance(value, str) or not value.strip():
            found.append(problem(name, f"{value!r} is not a text", "write a text that is not blank"))
    answer = row.get("answer")
    # A student may hand in a blank sheet, and a CSV file cannot tell it from a missing value.
    if answer is not None and not isinstance(answer, str):
        found.append(problem("answer", f"{answer!r} is not a text", "put it in quotes"))
    elif "answer" not in row and not file.endswith(".csv"):
        found.append(problem("answer", "missing", 'add it ("" for a blank sheet)'))
    language = row.get("language")
    if isinstance(language, str) and language.strip() and not LANGUAGE_TAG.fullmatch(language):
        found.append(
            problem("language", f"'{language}' is not a BCP 47 tag", "write for example 'en', 'pt-BR' or 'zh'")
        )
    numbers: dict[str, float] = {}
    for name in ("grade", "max_grade"):
        value = row.get(name)
        if value is None:
            found.append(problem(name, "missing", "add the column and a number"))
            continue
        try:
            numbers[name] = _number(value)
        except (TypeError, ValueError):
            found.append(problem(name, f"{value!r} is not a number", "write a number such as 2 or 2.5"))
    maximum, grade = numbers.get("max_grade"), numbers.get("grade")
    if maximum is not None and maximum <= 0:
        found.append(problem("max_grade", f"{maximum:g} is not above 0", "write the highest grade of the question"))
    elif maximum is not None and grade is not None and not 0 <= grade <= maximum:
        found.append(problem("grade", f"{grade:g} is outside 0 … {maximum:g}", "correct the grade or max_grade"))
    return found


def default_group(path: str | os.PathLike[str]) -> str:
    """The group of questions whose rows name none: the file's name."""
    return Path(path).name.split(".")[0]


def _languages(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else list(value or ())
    return tuple(part.strip() for part in parts if part and part.strip())


def _collect(
    collected: dict[tuple[str, str], _Collected],
    file: str,
    number: int,
    row: Mapping[str, Any],
    problems: list[RowProblem],
) -> None:
    key = (row["question"], row["language"])
    maximum = float(row["max_grade"])
    item = collected.get(key)
    if item is None:
        item = collected[key] = _Collected(
            file=file,
            row=number,
            text=row["question"],
            language=row["language"],
            max_grade=maximum,
            group=str(row.get("group") or default_group(file)),
            accepted_languages=_languages(row.get("accepted_languages")),
            references=[],
            answers=[],
        )
    elif item.max_grade != maximum:
        problems.append(
            RowProblem(
                file,
                number,
                "max_grade",
                f"{maximum:g}, but {item.max_grade:g} for the same question in {item.file}, row {item.row}",
                "use one max_grade per question",
            )
        )
        return
    reference = row.get("reference")
    if isinstance(reference, str) and reference.strip() and reference not in item.references:
        item.references.append(reference)
    item.answers.append(GradedAnswer(text=row.get("answer") or "", grade=float(row["grade"])))
