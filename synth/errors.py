"""What the data rooms say when a file is wrong: every bad row at once, each with its remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

SHOWN_PROBLEMS = 200


@dataclass(frozen=True)
class RowProblem:
    """One thing wrong in one row. `row` counts from 1 as an editor does (the header of a CSV file is row 1)."""

    file: str
    row: int
    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}, {self.field}: {self.problem}; {self.remedy}"


class DataFileError(ValueError):
    """A file that cannot be used as it is. `problems` holds all of them, in the file's order."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, problems: Sequence[RowProblem] = ()) -> None:
        self.problems = tuple(problems)
        lines = [message, *(f"  {problem}" for problem in self.problems[:SHOWN_PROBLEMS])]
        if len(self.problems) > SHOWN_PROBLEMS:
            lines.append(f"  … and {len(self.problems) - SHOWN_PROBLEMS} more")
        super().__init__("\n".join(lines))
