"""Attacks as example rows: what `synth attack` writes and the gate is trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from synth.attacks import AttackContext, AttackFamily, make_attacks
from synth.examples import Example, Provenance, as_parameters
from synth.graded import GradedQuestion

if TYPE_CHECKING:
    from synth.bank import Bank

ATTACKS_VERSION = "1"


Asked = tuple[str, str]
"""A question as it is asked, whatever file it comes from: text and language."""


@dataclass(frozen=True)
class AttackSources:
    """What somebody wrote for certain questions: adversarial texts by family, and the question in other languages."""

    written: Mapping[Asked, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    translations: Mapping[Asked, Sequence[GradedQuestion]] = field(default_factory=dict)


def bank_sources(bank: Bank) -> AttackSources:
    """The bank's adversarial texts under the families they belong to, and its parallel questions."""
    from synth.bank.load import ADVERSARIAL_KINDS

    versions: dict[str, list[GradedQuestion]] = defaultdict(list)
    for question in bank.questions:
        if question.parallel is not None:
            versions[question.parallel].append(question.graded_question())
    written: dict[Asked, Mapping[str, Sequence[str]]] = {}
    translations: dict[Asked, Sequence[GradedQuestion]] = {}
    for question in bank.questions:
        asked = (question.question.strip(), question.language)
        written[asked] = {family: getattr(question, kind) for kind, family in ADVERSARIAL_KINDS.items()}
        if question.parallel is not None:
            translations[asked] = [
                other for other in versions[question.parallel] if other.language != question.language
            ]
    return AttackSources(written, translations)


def attack_context(
    question: GradedQuestion, pool: Sequence[GradedQuestion], sources: AttackSources | None = None
) -> AttackContext:
    """The question among the others of a pool: those of its group, and those of other groups in its language.

    Args:
        sources: what was written for questions; what belongs to this one is taken from it.
    """
    asked = (question.text.strip(), question.language)
    return AttackContext(
        question=question,
        course=[other for other in pool if other.group == question.group and other.text != question.text],
        elsewhere=[other for other in pool if other.group != question.group and other.language == question.language],
        translations=sources.translations.get(asked, ()) if sources else (),
        written=sources.written.get(asked, {}) if sources else {},
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
                parameters: dict[str, Any] = {"tier": family.tier, "severity": family.severity, "number": number}
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
