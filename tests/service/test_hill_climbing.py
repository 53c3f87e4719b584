"""A student who climbs: the suite's own adaptive attacks, through its HTTP target, with a student's token.

The attacker has what a student has: a token, the question, and the attempts that the server takes. It also knows every
graded answer, so that what it hands in can be kept to nonsense.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from eval.adaptive import AdaptiveSettings, MethodResult, run_adaptive
from eval.suite import SuiteSettings, divide
from eval.targets import Target, open_target, target_settings
from service.client import Client
from service.settings import AttemptPolicy, Settings
from synth.bank import load_bank
from synth.graded import GradedQuestion

from .conftest import GENEROUS, Serve, Served

BUDGET = AttemptPolicy().budget
PLANNED = 10
"""Queries that the attacker plans for a question: more than the server takes."""
STUDENTS = 6
SUITE = SuiteSettings(())
EXAMPLE = Path(__file__).parents[2] / "examples" / "targets" / "service_student.yaml"


@dataclass(frozen=True)
class School:
    """A server with the budget that schools get and no waiting, its teacher, and questions under the server's ids."""

    served: Served
    teacher: Client
    questions: list[GradedQuestion]
    bank: list[GradedQuestion]

    @contextmanager
    def as_student(self, name: str) -> Iterator[Target]:
        """The server as a new student meets it, described by the example."""
        os.environ["STUDENT_TOKEN"] = self.served.classroom.accounts.add("student", name, "Ada")
        settings = target_settings(str(EXAMPLE))
        address = settings.target.replace("http://127.0.0.1:8000", self.served.url)
        with open_target(replace(settings, target=address)) as (target, _):
            yield target

    def attack(self, name: str, method: str, seed: int) -> MethodResult:
        """What a new student finds."""
        with self.as_student(name) as target:
            search = AdaptiveSettings(PLANNED, (method,), seed)
            (result,) = run_adaptive(target, self.questions, SUITE, search, self.bank)
        return result


@pytest.fixture
def school(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    monkeypatch.setenv("STUDENT_TOKEN", "put back when the test ends")
    served = serve(Settings(str(tmp_path / "a.db"), attempts=AttemptPolicy(BUDGET, 0.0), limits=GENEROUS))
    teacher = served.teacher("Ada")
    bank = [item.graded_question() for item in load_bank(["de", "en"]).questions]
    deep = [question for question in bank if len(question.answers) >= 30]
    questions = []
    for language in ("de", "en"):
        for question in [question for question in deep if question.language == language][:2]:
            added = teacher.add_question(question.text, language, question.max_grade, open=True)["id"]
            questions.append(replace(question, id=added))
            support = divide(questions[-1], SUITE.support, SUITE.seed).support
            teacher.add_graded(added, [(answer.text, answer.grade) for answer in support])
    return School(served, teacher, questions, bank)


def test_climbers_get_nowhere_within_the_budget(school: School) -> None:
    for number in range(STUDENTS):
        result = school.attack(f"Climber {number}", "hill-climb", number)
        # The end of the attempts is the end of the search: no fault of the server's, and no grade.
        assert result.failure is None
        assert result.exhausted == result.broken.attempts == len(school.questions)
        assert result.queries == BUDGET * len(school.questions)
        assert result.note and "no_attempts_left" in result.note
        assert not result.finds and result.broken.events == 0
    for question in school.questions:
        seen = school.teacher.submissions(question.id)
        assert [item["grade"] for item in seen] == [0.0] * (STUDENTS * BUDGET)
        flagged = {item["student"] for item in seen if "hill_climbing" in item["flags"]}
        assert len(flagged) == STUDENTS
        refused = [item for item in school.teacher.audit(question.id) if item["kind"] == "refused"]
        assert len(refused) == STUDENTS, "a refused attacker is not told to come back at once"
        assert {item["text"] for item in refused}.isdisjoint(item["answer"] for item in seen)


def test_a_universal_trigger_gets_nowhere_within_the_budget(school: School) -> None:
    queries = 0
    for number in range(STUDENTS):
        result = school.attack(f"Trigger {number}", "trigger", number)
        assert result.failure is None and result.exhausted > 0 and not result.finds
        queries += result.queries
    seen = [item for question in school.questions for item in school.teacher.submissions(question.id)]
    assert len(seen) == queries > 0
    assert {item["grade"] for item in seen} == {0.0}
    assert {item["student"] for item in seen if item["flags"]} == {item["student"] for item in seen}


def test_an_honest_student_is_graded_through_the_same_target(school: School) -> None:
    """The templates carry grades: what holds the climbers down is the server."""
    question = school.questions[-1]
    divided = divide(question, SUITE.support, SUITE.seed)
    best = max(divided.held_out, key=lambda answer: answer.grade).text
    with school.as_student("Bo") as target:
        honest, nonsense = target.grade(question, divided.support, [best, "asdf jkl qwer"])
    assert (honest.reason, nonsense.grade) == (None, 0.0) and honest.grade > 0
    assert nonsense.reason is not None


def test_the_budget_takes_longer_than_a_lesson_gives_patience() -> None:
    policy = AttemptPolicy()
    assert sum(policy.delay_after(number) for number in range(1, policy.budget)) == pytest.approx(155)
