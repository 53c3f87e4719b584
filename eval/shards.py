"""A part of a run: every n-th question, the same ones on every machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from synth.graded import GradedQuestion


class ShardError(ValueError):
    """A shard that cannot be: the message says what to write, or what is missing."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class Shard:
    """Shard `number` of `of`, counted from 1.

    Raises:
        ShardError: the number is not in 1 … `of`.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ShardError(f"there is no shard {self.number} of {self.of}; shards count from 1, as in 3/8")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def take(self, questions: Sequence[GradedQuestion]) -> list[GradedQuestion]:
        """This shard's questions: every `of`-th by id, whatever the order of the files. All shards together are all."""
        ranked = sorted(question.id for question in questions)
        own = set(ranked[self.number - 1 :: self.of])
        return [question for question in questions if question.id in own]


def parse_shard(text: str) -> Shard:
    """A shard as it is written on the command line, `3/8`.

    Raises:
        ShardError: it is written otherwise, or cannot be.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if not found:
        raise ShardError(f"'{text}' is no shard; write number/total, as in 3/8")
    return Shard(int(found[1]), int(found[2]))
