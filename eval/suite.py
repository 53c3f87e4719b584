"""Run the adversarial suite: attack every question, grade its held-out honest answers beside, count."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eval.failures import TargetFailure, failure_of
from eval.own_attacks import OwnAttacks
from eval.plausibility import CREDITED_SHARE
from eval.results import Case, FamilyResult, GradingQuality, Rate, SuiteResult
from eval.statistics import mean_over_questions, quadratic_weighted_kappa
from eval.targets import Target, TargetError, TargetGrade, grade_checked
from synth.attacking import AttackSources, attack_context
from synth.attacks import Attack, AttackContext, AttackFamily, make_attacks
from synth.graded import GradedAnswer, GradedQuestion

Progress = Callable[[int, int], None]

HELD_OUT_SHARE = 0.3
"""At least this share of a question's graded answers is kept from the support, to be graded as honest answers."""
MIN_ANSWERS = 3
"""Questions with fewer graded answers cannot be divided into support and honest answers; they are left out."""
WORST_CASES = 50
"""How many honest answers turned away, and how many near misses, a result keeps to read."""


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
    """What a run does. `per_question` attacks of every family on every question."""

    families: tuple[AttackFamily, ...]
    per_question: int = 2
    support: int = 25
    seed: int = 0


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
    own: OwnAttacks | None = None,
    sources: AttackSources | None = None,
) -> SuiteResult:
    """Attack `target` on every question with enough graded answers.

    Args:
        pool: further questions whose answers attackers may borrow (same course, other subjects).
        described: further settings for the result (files, gate hash).
        progress: called with (questions done, questions in all).
        own: attacks of the user's, run beside the families'.
        sources: texts written for these questions and their translations, where somebody has them.

    A question on which the target breaks its contract counts nowhere and stands under `failures` in the result; after
    MAX_FAILURES of them the run ends.
    """
    usable = [question for question in questions if len(question.answers) >= MIN_ANSWERS]
    known = {question.id for question in usable}
    borrowed = [*usable, *(other for other in pool if other.id not in known)]
    tally = _Tally(settings)
    for done, question in enumerate(usable, 1):
        divided = divide(question, settings.support, settings.seed)
        attacks = list(_attacks(divided, settings, attack_context(question, borrowed, sources)))
        attacks += own.on(question) if own else ()
        texts = [answer.text for answer in divided.held_out]
        texts += [attack.text for _, attack in attacks]
        cleans = sorted({attack.clean for _, attack in attacks if attack.clean is not None})
        try:
            grades = grade_checked(target, question, divided.support, [*texts, *cleans])
        except TargetError as error:
            tally.failures.append(failure_of(error, question))
            if len(tally.failures) >= MAX_FAILURES:
                break
            continue
        tally.add(divided, attacks, grades, dict(zip(cleans, grades[len(texts) :], strict=True)))
        tally.answered += 1
        if progress:
            progress(done, len(usable))
    asked = {"questions": len(usable), "questions_answered": tally.answered}
    if own:
        asked["own_attacks"] = len(own)
    return tally.result(target.name, {**asked, **(described or {})})


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


class _Tally:
    def __init__(self, settings: SuiteSettings) -> None:
        self.settings = settings
        self.order = {family.name: number for number, family in enumerate(settings.families)}
        self.families: dict[tuple[str, str], tuple[AttackFamily, list[bool]]] = {}
        self.genuine: dict[str, list[bool]] = defaultdict(list)
        self.leaks: list[Case] = []
        self.false_rejections: list[Case] = []
        self.near_misses: list[Case] = []
        self.kappas: list[float] = []
        self.constant_kappas: list[float] = []
        self.errors: list[float] = []
        self.graded = 0
        self.answered = 0
        self.credited: list[bool] = []
        self.failures: list[TargetFailure] = []

    def add(
        self,
        divided: Divided,
        attacks: Sequence[tuple[AttackFamily, Attack]],
        grades: Sequence[TargetGrade],
        clean_grades: dict[str, TargetGrade],
    ) -> None:
        question = divided.question
        honest, attacked = grades[: len(divided.held_out)], grades[len(divided.held_out) :]
        for answer, result in zip(divided.held_out, honest[: len(divided.held_out)], strict=True):
            self.genuine[question.language].append(result.reason is not None)
            if result.reason is not None:
                self.false_rejections.append(self._case(question, answer.text, "genuine", result))
        self._add_quality(divided, honest)
        for (family, attack), result in zip(attacks, attacked, strict=False):
            clean = clean_grades[attack.clean] if attack.clean is not None else None
            leaked = is_leak(family.tier, result.grade, None if clean is None else clean.grade)
            key = (family.name, question.language)
            self.families.setdefault(key, (family, []))[1].append(leaked)
            case = self._case(question, attack.text, family.name, result, attack.clean, clean)
            if leaked:
                self.leaks.append(case)
            elif family.tier == "must_reject" and result.relevance:
                self.near_misses.append(case)

    def _add_quality(self, divided: Divided, honest: Sequence[TargetGrade]) -> None:
        given = np.array([answer.grade for answer in divided.held_out])
        predicted = np.array([result.grade for result in honest])
        constant = np.median([answer.grade for answer in divided.support])
        self.graded += len(given)
        worth_half = given >= CREDITED_SHARE * divided.question.max_grade
        self.credited += (predicted[worth_half] == 0).tolist()
        self.errors.append(float(np.abs(given - predicted).mean() / divided.question.max_grade))
        if given.std() > 0:
            # Without any spread in the teacher's grades kappa says nothing.
            self.kappas.append(quadratic_weighted_kappa(given, predicted))
            self.constant_kappas.append(quadratic_weighted_kappa(given, np.full(len(given), constant)))

    def _case(
        self,
        question: GradedQuestion,
        text: str,
        family: str,
        result: TargetGrade,
        clean: str | None = None,
        clean_grade: TargetGrade | None = None,
    ) -> Case:
        return Case(
            question=question.text,
            answer=text,
            family=family,
            language=question.language,
            grade=float(result.grade),
            max_grade=question.max_grade,
            relevance=result.relevance,
            reason=result.reason,
            seed=self.settings.seed,
            clean=clean,
            clean_grade=None if clean_grade is None else clean_grade.grade,
        )

    def _place(self, family: FamilyResult) -> tuple[int, str, str]:
        """Families in the order of the run, own ones behind them."""
        return self.order.get(family.name, len(self.order)), family.name, family.language

    def result(self, name: str, described: dict[str, object]) -> SuiteResult:
        families = [
            FamilyResult(family.name, family.tier, family.severity, language, Rate(sum(leaks), len(leaks)))
            for (_, language), (family, leaks) in self.families.items()
        ]
        by_language = {language: Rate(sum(away), len(away)) for language, away in sorted(self.genuine.items())}
        return SuiteResult(
            target=name,
            settings={
                "seed": self.settings.seed,
                "support": self.settings.support,
                "per_question": self.settings.per_question,
                "families": [family.name for family in self.settings.families],
                **described,
            },
            families=tuple(sorted(families, key=self._place)),
            genuine=Rate(
                sum(rate.events for rate in by_language.values()), sum(rate.attempts for rate in by_language.values())
            ),
            grading=GradingQuality(
                answers=self.graded,
                qwk=mean_over_questions(self.kappas),
                qwk_constant=mean_over_questions(self.constant_kappas),
                mae=mean_over_questions(self.errors),
            ),
            leaks=tuple(sorted(self.leaks, key=lambda case: -case.grade / case.max_grade)),
            false_rejections=tuple(sorted(self.false_rejections, key=lambda case: case.relevance or 0)[:WORST_CASES]),
            near_misses=tuple(sorted(self.near_misses, key=lambda case: -(case.relevance or 0))[:WORST_CASES]),
            genuine_by_language=by_language,
            zeroed=Rate(sum(self.credited), len(self.credited)),
            failures=tuple(self.failures),
        )


def is_leak(tier: str, grade: float, clean_grade: float | None) -> bool:
    """Whether a grade is what the tier forbids.

    must_reject: above 0. must_not_gain: above the clean answer's grade. must_not_move: another grade than the clean
    answer's. semantic: as must_not_gain where there is a clean answer (a turned-round answer must lose), else above 0.
    """
    if tier == "must_reject" or clean_grade is None:
        return grade > 0
    if tier == "must_not_move":
        return grade != clean_grade
    if tier == "semantic":
        return clean_grade > 0 and grade >= clean_grade
    return grade > clean_grade
