"""What a filter is, and what it sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol


@dataclass(frozen=True)
class Candidate:
    """An answer that may become a row. `labelled`: a label stood in front of it, and was taken off."""

    text: str
    kind: str
    language: str


@dataclass(frozen=True)
class FilterContext:
    """The question whose answers are looked at. `known` are answers that must not come back (few-shot examples)."""

    question: str
    language: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drop:
    """Why an answer goes: the filter's name and what it saw."""

    filter: str
    reason: str


class Filter(Protocol):
    """One named rule. Its constructor takes its settings as keyword arguments with defaults."""

    name: ClassVar[str]
    summary: ClassVar[str]

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """Place in `candidates` -> reason, for those to drop."""
        ...
