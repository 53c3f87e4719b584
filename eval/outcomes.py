"""What came of one question: the unit that is logged, cached, sharded, resampled and paired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from synth.examples import text_hash

Verdict = Literal[0, 1, 2]
"""Of a case over all repeats: `HELD` in each, `EVENT` in each (a leak, or an honest answer turned away), or `FLAKY`:
in some. A flaky case counts as an event: a cheat needs one success."""
HELD: Verdict = 0
EVENT: Verdict = 1
FLAKY: Verdict = 2

GENUINE = "genuine"
"""Stands where an attack family's name stands, for honest answers."""
KEY_LENGTH = 12


def case_key(family: str, text: str, clean: str | None = None) -> str:
    """Identity of a case within its question: 48 bits of the SHA-256 of family, text and the answer it was made from.

    The same attack in two runs has the same key, so two runs can be paired without their texts.
    """
    return text_hash(f"{family}\n{text}\n{'' if clean is None else clean}")[:KEY_LENGTH]


def verdict_of(events: Iterable[bool]) -> Verdict:
    """One verdict from the repeats of a case."""
    seen = set(events)
    return FLAKY if len(seen) == 2 else EVENT if True in seen else HELD


@dataclass(frozen=True)
class Case:
    """One graded text worth reading: a leak, an honest answer turned away, or a near miss.

    `case` is its key within the question, `question_id` the question's. A long text is cut. `flaky` says that only
    some of the repeats came out so.
    """

    question: str
    answer: str
    family: str
    language: str
    grade: float
    max_grade: float
    relevance: float | None
    reason: str | None
    seed: int
    clean: str | None = None
    clean_grade: float | None = None
    question_id: str = ""
    case: str = ""
    flaky: bool = False


@dataclass(frozen=True)
class QuestionGrading:
    """How well the honest answers of one question were graded; the kappas are None where the teacher's grades are
    all alike.

    `credited` counts the answers worth at least half marks, `zeroed` those of them that the target graded 0.
    """

    answers: int
    qwk: float | None
    qwk_constant: float | None
    mae: float
    credited: int = 0
    zeroed: int = 0


@dataclass(frozen=True)
class QuestionOutcome:
    """Everything a run keeps of one question.

    `genuine` and `attacks` hold the verdict of every case by its key. `changes` holds, for families that start from a
    clean answer, the cases whose grade differs from it: (grade - clean grade) / max grade, over the repeats on average.
    `unstable` counts texts that got different grades in different repeats.
    """

    question_id: str
    text: str
    language: str
    max_grade: float
    grading: QuestionGrading
    genuine: Mapping[str, Verdict] = field(default_factory=dict)
    attacks: Mapping[str, Mapping[str, Verdict]] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    unstable: int = 0
    leaks: tuple[Case, ...] = ()
    false_rejections: tuple[Case, ...] = ()
    near_misses: tuple[Case, ...] = ()

    def differences(self, family: str) -> list[float]:
        """Every case's change of one family, those without one as 0."""
        changed = self.changes.get(family, {})
        return [changed.get(key, 0.0) for key in self.attacks.get(family, {})]


def events(verdicts: Mapping[str, Verdict]) -> int:
    """How many cases are events."""
    return sum(verdict != HELD for verdict in verdicts.values())
