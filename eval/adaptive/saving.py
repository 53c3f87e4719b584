"""Finds as attacks to run again: what leaked once is a regression case."""

from __future__ import annotations

import os
from collections.abc import Sequence

from eval.adaptive.base import MethodResult
from synth.tables import write_rows


def save_finds(path: str | os.PathLike[str], results: Sequence[MethodResult]) -> int:
    """Write all finds as a file that `--attacks` reads. Returns how many there are."""
    rows = [
        {
            "text": find.text,
            "question": find.question,
            "family": f"adaptive-{find.method}",
            "tier": "must_reject",
            "language": find.language,
            "grade": find.grade,
            "max_grade": find.max_grade,
        }
        for result in results
        for find in result.finds
    ]
    return write_rows(path, rows, ("text", "question", "family", "tier", "language", "grade", "max_grade"))
