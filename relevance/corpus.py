"""What the gate learns from and is measured on: questions with honest answers and with texts to be turned away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from synth.attacking import attack_examples
from synth.attacks import AttackFamily
from synth.bank import ADVERSARIAL_KINDS, Bank
from synth.examples import Example
from synth.graded import GradedAnswer, GradedQuestion


@dataclass(frozen=True)
class Negative:
    """A text that must be turned away, and the family it belongs to."""

    text: str
    family: str


@dataclass(frozen=True)
class GateQuestion:
    """A question for the gate. `question.answers` can be support; `benign` are honest answers that never are.

    `split_key`: questions that share it stay on one side of every split. `source` names the data set.
    """

    question: GradedQuestion
    source: str
    split_key: str
    benign: tuple[GradedAnswer, ...] = ()
    benign_kinds: tuple[str, ...] = ()
    negatives: tuple[Negative, ...] = ()


def from_bank(bank: Bank) -> list[GateQuestion]:
    """The bank's questions with the adversarial and benign hard texts written for them."""
    return [
        GateQuestion(
            question=item.graded_question(),
            source=f"bank/{item.language}",
            split_key=item.split_key,
            benign=tuple(GradedAnswer(hard.text, hard.grade) for hard in item.benign_hard),
            benign_kinds=tuple(hard.hard for hard in item.benign_hard),
            negatives=tuple(
                Negative(text, kind) for field, kind in ADVERSARIAL_KINDS.items() for text in getattr(item, field)
            ),
        )
        for item in bank.questions
    ]


def from_graded(questions: Iterable[GradedQuestion], source: str) -> list[GateQuestion]:
    """Questions of graded files; their negatives come from `with_other_answers` and `with_attacks`."""
    return [GateQuestion(question=question, source=source, split_key=question.id) for question in questions]


def from_examples(examples: Iterable[Example], source: str) -> list[GateQuestion]:
    """Questions of example files: relevant rows with a grade are answers, without one benign, the others negatives."""
    grouped: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        grouped[example.question_id].append(example)
    questions = []
    for question_id, rows in grouped.items():
        first = rows[0]
        graded = [row for row in rows if row.relevant and row.grade is not None]
        questions.append(
            GateQuestion(
                question=GradedQuestion(
                    id=question_id,
                    text=first.question,
                    language=first.language,
                    max_grade=first.max_grade or 1.0,
                    answers=tuple(GradedAnswer(row.answer, row.grade) for row in graded if row.grade is not None),
                    references=(first.reference,) if first.reference else (),
                    group=first.subject or first.group or source,
                ),
                source=source,
                split_key=first.group or question_id,
                benign=tuple(GradedAnswer(row.answer, 0.0) for row in rows if row.relevant and row.grade is None),
                negatives=tuple(Negative(row.answer, row.kind) for row in rows if not row.relevant),
            )
        )
    return questions


def with_attacks(
    questions: Sequence[GateQuestion], families: Sequence[AttackFamily], per_family: int, seed: int
) -> list[GateQuestion]:
    """The questions with attacks of must_reject families added to their negatives.

    Raises:
        ValueError: a family's attacks may deserve a grade, so they cannot be negatives.
    """
    graded = [item.question for item in questions]
    found: dict[str, list[Negative]] = defaultdict(list)
    for family in families:
        if family.tier != "must_reject":
            raise ValueError(f"family {family.name} is {family.tier}; only must_reject attacks are negatives")
    for example in attack_examples(graded, families, per_family, seed):
        found[example.question_id].append(Negative(example.answer, example.kind))
    attacked = []
    for item in questions:
        honest = {answer.text for answer in item.benign}
        new = [negative for negative in found[item.question.id] if negative.text not in honest]
        attacked.append(replace(item, negatives=(*item.negatives, *new)))
    return attacked
