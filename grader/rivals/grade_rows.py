"""Grade the answers of a file with any contender behind the gate: what the commands of all rivals share."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from grader.grade_file import answers_by_question
from grader.rivals.contender import Contender, GatedQuestion
from relevance.gate import Gate


def open_gate(name: str, threads: int) -> Gate | None:
    """The gate that `--gate` names.

    Raises:
        ArtifactError: the folder is not a gate.
    """
    from relevance.artifact import load_gate

    return None if name == "none" else load_gate(None if name == "bundled" else name, threads=threads)


def grade_rows(
    contender: Contender, gate: Gate | None, path: str | os.PathLike[str], support: str | os.PathLike[str]
) -> list[dict[str, Any]]:
    """Rows of the file with grade, probabilities, relevance and reason added, in the file's order.

    Raises:
        DataFileError: a file cannot be used, or answers belong to questions that the support does not have.
    """
    rows: dict[int, dict[str, Any]] = {}
    for question, answers in answers_by_question(path, support):
        asked = GatedQuestion(contender, gate, question, question.answers)
        results = asked.grade([answer.text for _, answer in answers])
        for (number, answer), result in zip(answers, results, strict=True):
            rows[number] = {**answer.row, "grade": result.grade, "max_grade": question.max_grade}
            if result.probabilities is not None:
                levels = zip(asked.fitted.scale.levels, result.probabilities, strict=True)
                rows[number]["grade_probabilities"] = {f"{level:g}": round(p, 4) for level, p in levels}
            rows[number]["relevance"] = None if result.relevance is None else round(result.relevance, 6)
            rows[number]["reason"] = result.reason
    return [rows[number] for number in sorted(rows)]


def print_or_write(rows: list[dict[str, Any]], out: Path | None) -> str:
    """Write the rows, or print them; returns the closing line."""
    from synth.tables import write_rows

    if out:
        write_rows(out, rows)
    else:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    away = sum(row["reason"] is not None for row in rows)
    return f"{len(rows)} answers graded, {away} of them turned away" + (f"; rows in {out}" if out else "")
