"""What a check is: it sees all rows of all files and yields findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from synth.examples import Example

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class LocatedRow:
    """An example row and where it stands."""

    file: str
    row: int
    example: Example


@dataclass(frozen=True)
class Finding:
    """One thing wrong. `row` is None for what concerns the files as a whole."""

    check: str
    severity: Severity
    file: str
    row: int | None
    message: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}, row {self.row}"
        return f"{self.severity}: {place}, {self.check}: {self.message}; {self.remedy}"


@dataclass(frozen=True)
class CheckContext:
    """All rows, and the bounds that the user may set."""

    rows: Sequence[LocatedRow]
    near_duplicate_similarity: float = 0.9
    near_duplicate_share: float = 0.05
    balance_factor: float = 4.0

    @cached_property
    def by_question(self) -> dict[str, list[LocatedRow]]:
        """Rows of each question, in their order."""
        grouped: dict[str, list[LocatedRow]] = {}
        for row in self.rows:
            grouped.setdefault(row.example.question_id, []).append(row)
        return grouped


@dataclass(frozen=True)
class Check:
    """A named check and what it looks for."""

    name: str
    summary: str
    findings: Callable[[CheckContext], Iterator[Finding]] = field(repr=False)
