"""Validate files or the bundled bank: read everything, run every check, report all findings at once."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import ValidationError

from synth.bank import load_bank
from synth.checks.base import CheckContext, Finding, LocatedRow
from synth.checks.registry import CHECKS
from synth.errors import DataFileError, RowProblem
from synth.examples import Example, Provenance
from synth.files import validation_problems
from synth.graded import GradedQuestion, read_graded_files
from synth.sources import file_shape
from synth.tables import read_rows


@dataclass(frozen=True)
class ValidationReport:
    """All findings, and how much was looked at."""

    rows: int
    questions: int
    languages: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """Number of findings that make the validation fail."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """Check -> number of findings."""
        return dict(sorted(Counter(finding.check for finding in self.findings).items()))

    def to_json(self) -> str:
        """The report as JSON."""
        content = {
            "version": 1,
            "rows": self.rows,
            "questions": self.questions,
            "languages": self.languages,
            "errors": self.errors,
            "counts": self.counts,
            "findings": [asdict(finding) for finding in self.findings],
        }
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def validate_files(
    paths: Sequence[str | os.PathLike[str]], only: Sequence[str] | None = None, **bounds: float
) -> ValidationReport:
    """Validate example files and graded files together (a contradiction may be between two files).

    Args:
        paths: the files.
        only: names of checks; by default all.
        bounds: see `CheckContext`.

    Raises:
        DataFileError: a file is missing or of an unknown type. Bad rows are findings, not errors.
    """
    rows: list[LocatedRow] = []
    findings: list[Finding] = []
    for path in paths:
        try:
            shape = file_shape(path)
        except DataFileError as error:
            if not error.problems:
                raise
            shape = "examples"
        reader = _graded_rows if shape == "graded" else _example_rows
        found, problems = reader(str(path))
        rows += found
        findings += [
            Finding("schema", "error", problem.file, problem.row, f"{problem.field}: {problem.problem}", problem.remedy)
            for problem in problems
        ]
    return _report(rows, findings, only, bounds)


def validate_bank(languages: Sequence[str] | None = None, only: Sequence[str] | None = None) -> ValidationReport:
    """Validate the bundled bank.

    Raises:
        DataFileError: a file of the bank breaks its schema.
    """
    rows: list[LocatedRow] = []
    numbers: Counter[str] = Counter()
    for question in load_bank(languages).questions:
        numbers[question.language] += 1
        file = f"bank/{question.language}.jsonl"
        rows += [LocatedRow(file, numbers[question.language], example) for example in question.examples()]
    return _report(rows, [], only, {})


def _report(
    rows: list[LocatedRow], findings: list[Finding], only: Sequence[str] | None, bounds: dict[str, float]
) -> ValidationReport:
    context = CheckContext(rows, **bounds)
    for check in CHECKS:
        if only is None or check.name in only:
            findings += check.findings(context)
    return ValidationReport(
        rows=len(rows),
        questions=len(context.by_question),
        languages=tuple(sorted({row.example.language for row in rows})),
        findings=tuple(findings),
    )


def _example_rows(path: str) -> tuple[list[LocatedRow], list[RowProblem]]:
    rows: list[LocatedRow] = []
    problems: list[RowProblem] = []
    try:
        for number, row in read_rows(path):
            try:
                rows.append(LocatedRow(path, number, Example.model_validate(row)))
            except ValidationError as error:
                problems += validation_problems(path, number, error)
    except DataFileError as error:
        if not error.problems:
            raise
        problems += error.problems
    return rows, problems


def _graded_rows(path: str) -> tuple[list[LocatedRow], list[RowProblem]]:
    try:
        groups = {(question.text, question.language): question for question in read_graded_files([path])}
    except DataFileError as error:
        if not error.problems:
            raise
        return [], list(error.problems)
    # Read once more for the row numbers; the first reading has made sure that every row can be used.
    return [
        LocatedRow(path, number, _graded_example(groups[row["question"], row["language"]], row))
        for number, row in read_rows(path)
    ], []


def _graded_example(question: GradedQuestion, row: Mapping[str, Any]) -> Example:
    """A graded answer as a row. A graded file does not say the kind: it follows from the grade."""
    grade = float(row["grade"])
    kind = "correct" if grade == question.max_grade else "incomplete" if grade > 0 else "incorrect"
    return Example(
        question_id=question.id,
        question=question.text,
        answer=row.get("answer") or "",
        kind=kind,
        relevant=True,
        grade=grade,
        max_grade=question.max_grade,
        language=question.language,
        group=question.group or None,
        provenance=Provenance(generator="graded_file", generator_version="1"),
    )


def readable_rows(paths: Sequence[str | os.PathLike[str]], bank: bool = False) -> list[Example]:
    """Rows of example files, graded files and the bank.

    Raises:
        DataFileError: a file is missing, or has bad rows; the bad rows of all files are named.
    """
    rows: list[Example] = []
    problems: list[RowProblem] = []
    for path in paths:
        reader = _graded_rows if file_shape(path) == "graded" else _example_rows
        found, bad = reader(str(path))
        rows += [located.example for located in found]
        problems += bad
    if problems:
        raise DataFileError(f"{len(problems)} problem(s) in {len(paths)} file(s)", problems)
    return rows + (load_bank().examples() if bank else [])
