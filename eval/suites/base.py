"""What a named suite is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from synth.attacks import AttackFamily
from synth.graded import GradedQuestion


class SuiteError(ValueError):
    """There is no suite of this name."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class NamedSuite:
    """A published protocol. `per_question` is its number of attacks per family and prompt."""

    name: str
    summary: str
    source: str
    families: tuple[AttackFamily, ...]
    per_question: int
    read: Callable[[Sequence[str | os.PathLike[str]]], list[GradedQuestion]] = field(repr=False)
