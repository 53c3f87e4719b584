"""Finished questions on disk: a killed run continues, and an unchanged grader is not asked again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from eval.judging import Examined
from eval.outcomes import QuestionOutcome

SUITE_VERSION = "2"
"""Raised when the same texts and grades would be judged differently."""
_OUTCOME = TypeAdapter(QuestionOutcome)


class OutcomeStore:
    """A folder of outcomes of one target, a question a line, written the moment the question is finished.

    A question is found again by everything its outcome depends on: the suite's version, the question, the support, the
    honest answers, every attack's text, tier and clean answer, and the number of repeats. The target stands in the
    file's name, by its content hash. Of a target without one it cannot be known whether it is still the same: its file
    only carries a killed run on, and `finish` removes it.

    Several processes (shards) may write at once. A line that a kill cut off is ignored.

    Args:
        folder: made when it is missing.
        target_hash: the target's content hash, or None.
        name: the target's name, for a target without a hash.
    """

    def __init__(self, folder: str | os.PathLike[str], target_hash: str | None, name: str) -> None:
        self.folder = Path(folder)
        self.lasting = target_hash is not None
        identity = _digest(target_hash if target_hash is not None else name)
        self.path = self.folder / f"{'target' if self.lasting else 'unfinished'}-{identity}.jsonl"
        self.found = 0
        self._known: dict[str, QuestionOutcome] = {}
        self._read()

    def get(self, key: str) -> QuestionOutcome | None:
        """The outcome of a question, when it is there."""
        outcome = self._known.get(key)
        self.found += outcome is not None
        return outcome

    def put(self, key: str, outcome: QuestionOutcome) -> None:
        """Keep an outcome. It is on disk when this returns."""
        line = json.dumps({"key": key, "outcome": asdict(outcome)}, ensure_ascii=False, separators=(",", ":"))
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            # A process killed in the middle of a line left it without an end: its rest must not spoil this one.
            start = b"" if _ends_with_newline(self.path) else b"\n"
            stream.write(start + line.encode("utf-8", "surrogatepass") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        self._known[key] = outcome

    def finish(self) -> None:
        """The run is over: what only served to continue it goes."""
        if not self.lasting:
            self.path.unlink(missing_ok=True)

    def _read(self) -> None:
        if not self.path.is_file():
            return
        for line in self.path.read_bytes().split(b"\n"):
            try:
                row = json.loads(line.decode("utf-8", "surrogatepass"))
                self._known[str(row["key"])] = _OUTCOME.validate_python(row["outcome"])
            except (ValueError, KeyError, TypeError, ValidationError):
                # Cut off by a kill, or written by another version: that question is asked again.
                continue


def outcome_key(examined: Examined, repeats: int) -> str:
    """Identity of a question's outcome under one target; see `OutcomeStore`."""
    question = examined.question
    content: list[Any] = [
        SUITE_VERSION,
        [question.id, question.text, question.language, question.max_grade, list(question.references)],
        [list(question.accepted_languages), dict(question.rubric), question.group],
        [[answer.text, answer.grade] for answer in examined.support],
        [[answer.text, answer.grade] for answer in examined.held_out],
        [[family.name, family.tier, attack.text, attack.clean] for family, attack in examined.attacks],
        examined.seed,
        repeats,
    ]
    return _digest(json.dumps(content, ensure_ascii=False, sort_keys=True))


def code_hash(rooms: Sequence[str]) -> str:
    """Hash of what these packages are made of: a grader whose code changed is another grader."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for room in rooms:
        for path in sorted((root / room).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(root)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def grader_hash(described: Mapping[str, object]) -> str:
    """Content hash of our own full grader: its gate, its encoder and the code between them."""
    parts = [described.get("gate_hash"), described.get("encoder"), described.get("encoder_hash")]
    return _digest(json.dumps([*parts, code_hash(("encoders", "synth", "relevance", "grader"))]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return True
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
