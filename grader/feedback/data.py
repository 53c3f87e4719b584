"""Answers with human feedback, and the prompt that a writer continues."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grader.peft.data import clean_text, cut_text
from prompts import load_template
from synth.errors import DataFileError
from synth.graded import read_graded_files
from synth.languages import language_name
from synth.questions import plain_number
from synth.tables import read_rows

TEMPLATE = "feedback/write"
SHARES = {"question": 0.2, "reference": 0.35, "answer": 0.45}
HEADINGS = 40
"""Tokens kept for the template's own words and the grade."""


@dataclass(frozen=True)
class FeedbackRow:
    """An answer, its grade (the teacher's or a predicted one) and, where somebody wrote some, its feedback."""

    question: str
    language: str
    reference: str
    answer: str
    grade: float
    max_grade: float
    feedback: str = ""
    part: str = ""
    """The file's `split`, if it has one."""


def read_feedback(path: str | os.PathLike[str]) -> list[FeedbackRow]:
    """Rows of a graded file that have a `feedback`.

    Raises:
        DataFileError: the file is not a graded file, or nobody wrote feedback in it.
    """
    # The one reader that names every bad row; what it does not keep is read beside it.
    read_graded_files([path])
    rows = [
        FeedbackRow(
            question=row["question"],
            language=row["language"],
            reference=row.get("reference") or "",
            answer=row.get("answer") or "",
            grade=float(row["grade"]),
            max_grade=float(row["max_grade"]),
            feedback=row["feedback"].strip(),
            part=row.get("split") or "",
        )
        for _, row in read_rows(path)
        if isinstance(row.get("feedback"), str) and row["feedback"].strip()
    ]
    if not rows:
        raise DataFileError(f"{path}: no row has feedback; add a column `feedback` with what the teacher wrote")
    return rows


def prompt_of(row: FeedbackRow, tokenizer: Any, tokens: int) -> str:
    """The template filled in, its parts cut so that it has about `tokens` tokens at most."""
    room = max(16, tokens - HEADINGS)

    def cut(text: str, part: str) -> str:
        return cut_text(tokenizer, clean_text(text), round(room * SHARES[part]))

    reference = cut(row.reference, "reference")
    return load_template(TEMPLATE).render(
        question=cut(row.question, "question"),
        references=[reference] if reference else [],
        answer=cut(row.answer, "answer"),
        grade=plain_number(round(row.grade, 3)),
        max_grade=plain_number(row.max_grade),
        language_name=language_name(row.language),
    )


def corpus_of(rows: Sequence[FeedbackRow]) -> list[str]:
    """Texts a small model can be pretrained on: each different question, reference, answer and feedback once."""
    texts = (text for row in rows for text in (row.question, row.reference, row.answer, row.feedback))
    return list(dict.fromkeys(clean_text(text) for text in texts if text.strip()))
