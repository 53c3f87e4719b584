"""Attacks as example rows: what `synth attack` writes and the gate is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from synth.attacks import AttackContext, AttackFamily, make_attacks
from synth.examples import Example, Provenance, as_parameters
from synth.graded import GradedQuestion

ATTACKS_VERSION = "1"


def attack_context(question: GradedQuestion, pool: Sequence[GradedQuestion]) -> AttackContext:
    """The question among the others of a pool: those of its group, and those of other groups in its language."""
    return AttackContext(
        question=question,
        course=[other for other in pool if other.group == question.group and other.text != question.text],
        elsewhere=[other for other in pool if other.group != question.group and other.language == question.language],
    )


def attack_examples(
    questions: Sequence[GradedQuestion],
    families: Sequence[AttackFamily],
    per_question: int,
    seed: int,
    pool: Sequence[GradedQuestion] = (),
) -> Iterator[Example]:
    """Attacks of every family on every question, with provenance; the same arguments give the same rows.

    Args:
        pool: further questions whose answers attackers may borrow.
    """
    ids = {question.id for question in questions}
    lenders = [*questions, *(other for other in pool if other.id not in ids)]
    for question in questions:
        context = attack_context(question, lenders)
        genuine = {answer.text.strip() for answer in question.answers}
        for family in families:
            if not family.supports(question.language):
                continue
            for number, attack in enumerate(make_attacks(family, context, per_question, seed)):
                if attack.text.strip() in genuine:
                    continue
                parameters = {"tier": family.tier, "severity": family.severity, "number": number}
                if attack.clean is not None:
                    parameters |= {"clean": attack.clean, "clean_grade": attack.clean_grade}
                yield Example(
                    question_id=question.id,
                    question=question.text,
                    answer=attack.text,
                    kind=family.name,
                    # Tiers that compare start from an answer that is on topic.
                    relevant=family.tier != "must_reject",
                    max_grade=question.max_grade,
                    language=question.language,
                    subject=question.group or None,
                    reference=question.references[0] if question.references else None,
                    provenance=Provenance(
                        generator=f"attack:{family.name}",
                        generator_version=ATTACKS_VERSION,
                        seed=seed,
                        parameters=as_parameters(parameters),
                    ),
                )
