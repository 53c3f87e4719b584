"""Run the adversarial suite: attack every question, grade its held-out honest answers beside, count."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eval.judging import Examined, is_leak, judge
from eval.outcomes import QuestionOutcome
from eval.results import SuiteResult
from eval.shards import Shard
from eval.store import SUITE_VERSION, OutcomeStore, outcome_key
from eval.summary import FamilyEntry, summarise
from eval.targets import Target, TargetGrade
from synth.attacking import attack_context
from synth.attacks import Attack, AttackFamily, make_attacks
from synth.graded import GradedAnswer, GradedQuestion

__all__ = ["Divided", "Progress", "SuiteSettings", "TargetError", "divide", "is_leak", "run_suite"]

Progress = Callable[[int, int], None]

HELD_OUT_SHARE = 0.3
"""At least this share of a question's graded answers is kept from the support, to be graded as honest answers."""
MIN_ANSWERS = 3
"""Questions with fewer graded answers cannot be divided into support and honest answers; they are left out."""


class TargetError(RuntimeError):
    """The target broke its contract: missing rows, a grade outside the scale, or no number."""

    exit_code = 4


@dataclass(frozen=True)
class Divided:
    """A question's graded answers: what the target learns from, and what it must grade."""

    question: GradedQuestion
    support: tuple[GradedAnswer, ...]
    held_out: tuple[GradedAnswer, ...]


@dataclass(frozen=True)
class SuiteSettings:
    """What a run does. `per_question` attacks of every family on every question.

    `repeats`: every text is graded so often; one leak of several is a leak.
    """

    families: tuple[AttackFamily, ...]
    per_question: int = 2
    support: int = 25
    seed: int = 0
    repeats: int = 1


def divide(question: GradedQuestion, support: int, seed: int) -> Divided:
    """A seeded random division; the support has at most `support` answers and leaves HELD_OUT_SHARE of them out."""
    count = len(question.answers)
    size = min(support, count - max(1, int(np.ceil(HELD_OUT_SHARE * count))))
    order = np.random.default_rng([seed, zlib.crc32(question.id.encode())]).permutation(count)
    return Divided(
        question,
        tuple(question.answers[row] for row in sorted(order[:size])),
        tuple(question.answers[row] for row in sorted(order[size:])),
    )


def run_suite(
    target: Target,
    questions: Sequence[GradedQuestion],
    settings: SuiteSettings,
    pool: Sequence[GradedQuestion] = (),
    described: dict[str, object] | None = None,
    progress: Progress | None = None,
    shard: Shard | None = None,
    store: OutcomeStore | None = None,
) -> SuiteResult:
    """Attack `target` on every question with enough graded answers.

    Args:
        pool: further questions whose answers attackers may borrow (same course, other subjects).
        described: further settings for the result (files, gate hash).
        progress: called with (questions done, questions in all).
        shard: only these questions; the attacks on them are those of the whole run.
        store: holds questions that are finished, and is told of those that get finished.

    Raises:
        TargetError: the target returned something that is not a grade of the question.
    """
    usable = [question for question in questions if len(question.answers) >= MIN_ANSWERS]
    borrowed = [*usable, *(other for other in pool if all(other.id != question.id for question in usable))]
    chosen = usable if shard is None else shard.take(usable)
    outcomes = []
    for done, question in enumerate(chosen, 1):
        outcomes.append(_outcome(target, divide(question, settings.support, settings.seed), settings, borrowed, store))
        if progress:
            progress(done, len(chosen))
    if store:
        store.finish()
    families = [FamilyEntry(family.name, family.tier, family.severity) for family in settings.families]
    told = {
        "suite_version": SUITE_VERSION,
        "seed": settings.seed,
        "support": settings.support,
        "per_question": settings.per_question,
        "repeats": settings.repeats,
        "families": [family.name for family in settings.families],
        "questions": len(usable),
        **(described or {}),
    }
    return summarise(target.name, told, families, outcomes, shard)


def _outcome(
    target: Target,
    divided: Divided,
    settings: SuiteSettings,
    pool: Sequence[GradedQuestion],
    store: OutcomeStore | None,
) -> QuestionOutcome:
    attacks = list(_attacks(divided, settings, pool))
    examined = Examined(divided.question, divided.support, divided.held_out, attacks, settings.seed)
    key = outcome_key(examined, settings.repeats) if store else ""
    if store and (known := store.get(key)):
        return known
    texts = examined.texts
    outcome = judge(examined, [_checked(target, divided, texts) for _ in range(settings.repeats)])
    if store:
        store.put(key, outcome)
    return outcome


def _attacks(
    divided: Divided, settings: SuiteSettings, pool: Sequence[GradedQuestion]
) -> Iterable[tuple[AttackFamily, Attack]]:
    question = divided.question
    context = attack_context(question, pool)
    genuine = {answer.text.strip() for answer in question.answers}
    for family in settings.families:
        if not family.supports(question.language):
            continue
        for attack in make_attacks(family, context, settings.per_question, settings.seed):
            # What a teacher has graded as an honest answer is no attack, whoever hands it in.
            if family.tier != "must_reject" or attack.text.strip() not in genuine:
                yield family, attack


def _checked(target: Target, divided: Divided, texts: Sequence[str]) -> list[TargetGrade]:
    question = divided.question
    grades = target.grade(question, divided.support, texts)
    if len(grades) != len(texts):
        raise TargetError(
            f"{target.name} returned {len(grades)} grades for {len(texts)} answers to '{question.text[:60]}'"
        )
    for text, result in zip(texts, grades, strict=True):
        if not (isinstance(result.grade, float | int) and 0 <= result.grade <= question.max_grade):
            raise TargetError(
                f"{target.name} graded '{text[:60]}' with {result.grade!r}, outside 0 … {question.max_grade:g}"
            )
    return grades
