"""The adversarial suite on one question of a teacher, in seconds: `eval.suite` with the question's own answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache

from eval.statistics import upper_bound
from eval.suite import MIN_ANSWERS, SuiteSettings, run_suite
from eval.targets import TargetGrade
from grader.full import FullGrader
from service.errors import ConflictError
from service.schemas import FamilyCount, HonestCount, SuiteCase, SuiteReport
from synth.attacks import attack_families
from synth.bank import bank_languages, load_bank
from synth.graded import GradedAnswer, GradedQuestion

PER_QUESTION = 2
AT_A_TIME = 16
"""Texts graded before students' answers get their turn at the encoder."""
SHOWN_CASES = 100

Progress = Callable[[int, int], None]


class _InPieces:
    """A target that grades a few texts at a time and tells how far it is."""

    name = "this question's full grader"

    def __init__(self, grader: FullGrader, progress: Progress) -> None:
        self._grader, self._progress = grader, progress

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """See `eval.targets.Target.grade`."""
        learned = self._grader.for_question(question, support)
        found: list[TargetGrade] = []
        for start in range(0, len(answers), AT_A_TIME):
            self._progress(start, len(answers))
            results = learned.grade(answers[start : start + AT_A_TIME])
            found += [TargetGrade(result.grade, result.relevance, result.reason) for result in results]
        self._progress(len(answers), len(answers))
        return found


def attack_question(full: FullGrader, question: GradedQuestion, progress: Progress) -> SuiteReport:
    """Every attack family on one question, whose graded answers are divided into support and honest answers.

    Raises:
        ConflictError: too few answers are graded.
    """
    if len(question.answers) < MIN_ANSWERS:
        message = f"grade at least {MIN_ANSWERS} answers first; from 25 on the result means something"
        raise ConflictError(message, code="too_few_graded_answers")
    settings = SuiteSettings(tuple(attack_families().values()), PER_QUESTION)
    result = run_suite(_InPieces(full, progress), [question], settings, _lenders(question.language))
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for family in result.families:
        count = counts[family.name, family.tier]
        count[0] += family.leaks.attempts
        count[1] += family.leaks.events
    total = result.must_reject
    return SuiteReport(
        attempts=total.attempts,
        leaks=total.events,
        upper_bound=upper_bound(total.events, total.attempts),
        families=[
            FamilyCount(name=name, tier=tier, attempts=attempts, leaks=leaks)
            for (name, tier), (attempts, leaks) in counts.items()
        ],
        cases=[
            SuiteCase(family=case.family, answer=case.answer, grade=case.grade, relevance=case.relevance)
            for case in result.leaks[:SHOWN_CASES]
        ],
        honest=HonestCount(turned_away=result.genuine.events, count=result.genuine.attempts),
    )


@lru_cache(maxsize=4)
def _lenders(language: str) -> tuple[GradedQuestion, ...]:
    """Questions of the bank whose answers attackers may borrow: the question's language's, or English ones."""
    tag = language.split("-")[0]
    bank = load_bank([tag if tag in bank_languages() else "en"])
    return tuple(item.graded_question() for item in bank.questions)
