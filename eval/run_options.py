"""How a run is carried out, whatever it attacks: how often, which part, what is kept, which suite."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from eval.shards import Shard
from eval.store import OutcomeStore
from eval.suites import NamedSuite
from synth.attacks import AttackFamily, choose_families
from synth.graded import GradedQuestion, read_graded_files

FAST_QUESTIONS = 16
"""Questions of a smoke run: one or more of every language, until there are so many."""


class RunOptionsError(ValueError):
    """Options that cannot be used together."""

    exit_code: ClassVar[int] = 2


def _silent(lines: Sequence[str]) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class RunOptions:
    """Options of a run.

    Args:
        repeats: how often every text is graded; one leak of several is a leak.
        shard: only this part of the questions.
        keep: folder for finished questions (see `OutcomeStore`), None to keep nothing.
        fast: a smoke run: at most FAST_QUESTIONS questions, one attack per family.
        suite: a published protocol in place of the catalogue's families.
        announce: told before the run what it can show.

    Raises:
        RunOptionsError: fewer than one repeat.
    """

    repeats: int = 1
    shard: Shard | None = None
    keep: Path | None = None
    fast: bool = False
    suite: NamedSuite | None = None
    announce: Callable[[Sequence[str]], None] = _silent

    def __post_init__(self) -> None:
        if self.repeats < 1:
            raise RunOptionsError(f"{self.repeats} repeats; every text must be graded at least once")

    def families(self, names: str) -> list[AttackFamily]:
        """The suite's families, or those of these names.

        Raises:
            UnknownFamilyError: a name is not a family.
        """
        if self.suite is None:
            return choose_families(names)
        if names != "all":
            raise RunOptionsError(f"the suite {self.suite.name} has its own families; leave --families out")
        return list(self.suite.families)

    def questions(self, files: Sequence[str | os.PathLike[str]]) -> list[GradedQuestion]:
        """The questions of files: graded files, and what else the suite reads.

        Raises:
            DataFileError: a file cannot be used.
        """
        return self.suite.read(files) if self.suite else read_graded_files(files)

    def reduced(self, questions: list[GradedQuestion], per_question: int) -> tuple[list[GradedQuestion], int]:
        """Questions and attacks per family and question of a smoke run, or all of them."""
        if not self.fast:
            return questions, per_question
        by_language: dict[str, list[GradedQuestion]] = {}
        for question in sorted(questions, key=lambda question: question.id):
            by_language.setdefault(question.language, []).append(question)
        taken: list[GradedQuestion] = []
        depth = 0
        while len(taken) < min(FAST_QUESTIONS, len(questions)):
            taken += [own[depth] for own in by_language.values() if depth < len(own)]
            depth += 1
        return taken[:FAST_QUESTIONS], 1

    def store(self, name: str, target_hash: str | None) -> OutcomeStore | None:
        """The store of finished questions, when one is wanted."""
        return None if self.keep is None else OutcomeStore(self.keep, target_hash, name)

    def described(self) -> dict[str, object]:
        """What a result says of the options that change it."""
        return {"fast": self.fast, "suite": None if self.suite is None else self.suite.name}
