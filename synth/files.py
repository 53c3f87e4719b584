"""Example files: JSON Lines (also .gz) and Parquet that `datasets` and pandas open as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pydantic import ValidationError

from synth.errors import DataFileError, RowProblem
from synth.examples import Example
from synth.tables import read_rows, write_rows


def read_examples(path: str | os.PathLike[str]) -> list[Example]:
    """All example rows of a file.

    Raises:
        DataFileError: the file is missing, or rows break the schema; all bad rows are named.
    """
    examples: list[Example] = []
    problems: list[RowProblem] = []
    for number, row in read_rows(path):
        try:
            examples.append(Example.model_validate(row))
        except ValidationError as error:
            problems.extend(validation_problems(str(path), number, error))
    if problems:
        raise DataFileError(f"{path}: {len(problems)} problem(s) in example rows", problems)
    return examples


def write_examples(path: str | os.PathLike[str], examples: Iterable[Example]) -> int:
    """Write example rows, whole or not at all; the suffix (.jsonl, .jsonl.gz, .parquet) decides the format.

    Returns:
        The number of rows. The same examples give the same bytes.
    """
    return write_rows(path, (example.model_dump(mode="json") for example in examples))


def validation_problems(file: str, row: int, error: ValidationError) -> list[RowProblem]:
    """pydantic's findings in one row, in the form that every reader of answergate reports."""
    problems = []
    for finding in error.errors():
        field = ".".join(str(part) for part in finding["loc"]) or "row"
        message = finding["msg"].removeprefix("Value error, ")
        remedy = "add it" if finding["type"] == "missing" else "correct the value"
        if finding["type"] == "extra_forbidden":
            remedy = "remove the field"
        problems.append(RowProblem(file, row, field, message, remedy))
    return problems
