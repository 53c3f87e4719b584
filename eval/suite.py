"""Run the adversarial suite: attack every question, grade its held-out honest answers beside, count."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.failures import TargetFailure, failure_of
from eval.judging import Examined, is_leak, judge
from eval.outcomes import QuestionOutcome
from eval.own_attacks import OwnAttacks
from eval.results import SuiteResult
from eval.shards import Shard
from eval.store import SUITE_VERSION, OutcomeStore, outcome_key
from eval.summary import FamilyEntry, summarise
from eval.targets import Target, TargetError, grade_checked
from synth.attacking import AttackSources, attack_context
from synth.attacks import Attack, AttackContext, AttackFamily, make_attacks
from synth.graded import GradedAnswer, GradedQuestion

__all__ = ["Divided", "Progress", "SuiteSettings", "TargetError", "divide", "is_leak", "run_suite"]

Progress = Callable[[int, int], None]

HELD_OUT_SHARE = 0.3
"""At least this share of a question's graded answers is kept from the support, to be graded as honest answers."""
MIN_ANSWERS = 3
"""Questions with fewer graded answers cannot be divided into support and honest answers; they are left out."""


MAX_FAILURES = 3
"""Questions on which a target may fail before the run gives up."""


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
    own: OwnAttacks | None = None,
    sources: AttackSources | None = None,
) -> SuiteResult:
    """Attack `target` on every question with enough graded answers.

    Args:
        pool: further questions whose answers attackers may borrow (same course, other subjects).
        described: further settings for the result (files, gate hash).
        progress: called with (questions done, questions in all).
        shard: only these questions; the attacks on them are those of the whole run.
        store: holds questions that are finished, and is told of those that get finished.
        own: attacks of the user's, run beside the families'.
        sources: texts written for these questions and their translations, where somebody has them.

    A question on which the target breaks its contract counts nowhere and stands under `failures` in the result; after
    MAX_FAILURES of them the run ends.
    """
    usable = [question for question in questions if len(question.answers) >= MIN_ANSWERS]
    known = {question.id for question in usable}
    borrowed = [*usable, *(other for other in pool if other.id not in known)]
    chosen = usable if shard is None else shard.take(usable)
    outcomes: list[QuestionOutcome] = []
    failures: list[TargetFailure] = []
    for done, question in enumerate(chosen, 1):
        divided = divide(question, settings.support, settings.seed)
        attacks = list(_attacks(divided, settings, attack_context(question, borrowed, sources)))
        attacks += own.on(question) if own else ()
        try:
            outcomes.append(_outcome(target, divided, settings, attacks, store))
        except TargetError as error:
            failures.append(failure_of(error, question))
            if len(failures) >= MAX_FAILURES:
                break
        if progress:
            progress(done, len(chosen))
    if store and not failures:
        store.finish()
    tried = {family.name: family for family in (*settings.families, *(own.families if own else ()))}
    families = [FamilyEntry(family.name, family.tier, family.severity) for family in tried.values()]
    told = {
        "suite_version": SUITE_VERSION,
        "seed": settings.seed,
        "support": settings.support,
        "per_question": settings.per_question,
        "repeats": settings.repeats,
        "families": [family.name for family in settings.families],
        "questions": len(usable),
        "own_attacks": len(own) if own else 0,
        **(described or {}),
    }
    return replace(summarise(target.name, told, families, outcomes, shard), failures=tuple(failures))


def _outcome(
    target: Target,
    divided: Divided,
    settings: SuiteSettings,
    attacks: Sequence[tuple[AttackFamily, Attack]],
    store: OutcomeStore | None,
) -> QuestionOutcome:
    examined = Examined(divided.question, divided.support, divided.held_out, attacks, settings.seed)
    key = outcome_key(examined, settings.repeats) if store else ""
    if store and (known := store.get(key)):
        return known
    texts = examined.texts
    repeats = (grade_checked(target, divided.question, divided.support, texts) for _ in range(settings.repeats))
    outcome = judge(examined, list(repeats))
    if store:
        store.put(key, outcome)
    return outcome


def _attacks(
    divided: Divided, settings: SuiteSettings, context: AttackContext
) -> Iterable[tuple[AttackFamily, Attack]]:
    question = divided.question
    genuine = {answer.text.strip() for answer in question.answers}
    for family in settings.families:
        if not family.supports(question.language):
            continue
        for attack in make_attacks(family, context, settings.per_question, settings.seed):
            # What a teacher has graded as an honest answer is no attack, whoever hands it in.
            if family.tier != "must_reject" or attack.text.strip() not in genuine:
                yield family, attack
