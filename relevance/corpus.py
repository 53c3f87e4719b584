"""What the gate learns from and is measured on: questions with honest answers and with texts to be turned away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from synth.attacks import AttackContext, attack_families, get_family, make_attacks
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


def attack_context(question: GradedQuestion, pool: Sequence[GradedQuestion]) -> AttackContext:
    """The question among the others of a pool: those of its group, and those of other groups in its language."""
    return AttackContext(
        question=question,
        course=[other for other in pool if other.group == question.group and other.text != question.text],
        elsewhere=[other for other in pool if other.group != question.group and other.language == question.language],
    )


def with_attacks(
    questions: Sequence[GateQuestion], families: Sequence[str], per_family: int, seed: int
) -> list[GateQuestion]:
    """The questions with attacks of must_reject families added to their negatives.

    Raises:
        ValueError: a family's attacks may deserve a grade, so they cannot be negatives.
    """
    registry = attack_families()
    for name in families:
        if registry[name].tier != "must_reject":
            raise ValueError(f"family {name} is {registry[name].tier}; only must_reject attacks are negatives")
    pool = [item.question for item in questions]
    attacked = []
    for item in questions:
        context = attack_context(item.question, pool)
        own = {answer.text for answer in (*item.question.answers, *item.benign)}
        found = [
            Negative(attack.text, name)
            for name in families
            if registry[name].supports(item.question.language)
            for attack in make_attacks(registry[name], context, per_family, seed)
            if attack.text not in own
        ]
        attacked.append(replace(item, negatives=(*item.negatives, *found)))
    return attacked


def negative_families(wanted: str) -> list[str]:
    """Names of attack families that can be negatives: `must_reject` for all of that tier, `none`, or names by commas.

    Raises:
        UnknownFamilyError: a name is not a family.
    """
    if wanted == "none":
        return []
    if wanted == "must_reject":
        return [family.name for family in attack_families().values() if family.tier == "must_reject"]
    return [get_family(name.strip()).name for name in wanted.split(",")]
