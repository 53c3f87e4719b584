"""A student who climbs: keeps what the server liked of small random changes, with everything the server lets out.

The climber has the question's words and those of other subjects, a token, and the whole budget of attempts. It starts
from a bag of words and swaps, adds and drops words; a step is kept when it is not graded lower. Its attempts go through
HTTP as a student's do, so budget, delay and coarse grades are what it has to live with.
"""

import random
from pathlib import Path

import pytest

from service.client import Client, ClientError
from service.settings import AttemptPolicy, Settings
from synth.bank import load_bank
from synth.text import folded_words

from .conftest import GENEROUS, Serve

BUDGET = AttemptPolicy().budget
CLIMBERS = 12


def climb(student: Client, question: str, vocabulary: list[str], rng: random.Random) -> list[float]:
    """Grades of all attempts until the server takes no more."""
    best, best_grade, grades = rng.sample(vocabulary, 6), -1.0, []
    current = best
    while True:
        try:
            told = student.hand_in(question, " ".join(current), tries=1)
        except ClientError as error:
            assert error.code == "no_attempts_left"
            return grades
        assert set(told) == {"id", "grade", "max_grade", "reason", "reason_text", "attempts_left", "retry_after"}
        grades.append(told["grade"])
        if told["grade"] >= best_grade:
            best, best_grade = current, told["grade"]
        current = list(best)
        change = rng.choice(("swap", "add", "drop"))
        if change != "add" and len(current) > 3:
            current.pop(rng.randrange(len(current)))
        if change != "drop":
            current.insert(rng.randrange(len(current) + 1), rng.choice(vocabulary))


def test_climbers_get_nowhere_within_the_budget(serve: Serve, tmp_path: Path) -> None:
    served = serve(Settings(str(tmp_path / "a.db"), attempts=AttemptPolicy(BUDGET, 0.0), limits=GENEROUS))
    teacher = served.teacher("Ada")
    bank = [item.graded_question() for item in load_bank(["en"]).questions]
    target = next(item for item in bank if len(item.answers) >= 30)
    question = teacher.add_question(target.text, "en", target.max_grade, open=True)["id"]
    teacher.add_graded(question, [(answer.text, answer.grade) for answer in target.answers[:25]])
    elsewhere = [item.answers[0].text for item in bank if item.group != target.group][:5]
    vocabulary = sorted({word for text in (target.text, *elsewhere) for word in folded_words(text)})
    climbs = []
    for number in range(CLIMBERS):
        student = served.student(f"Climber {number}", "Ada")
        climbs.append(climb(student, question, vocabulary, random.Random(number)))
    assert {len(grades) for grades in climbs} == {BUDGET}
    # "Nowhere": who begins with nothing ends with nothing, and nobody gets the full grade.
    began_with_nothing = [grades for grades in climbs if grades[0] == 0]
    assert len(began_with_nothing) >= CLIMBERS // 2
    assert sum(max(grades) > 0 for grades in began_with_nothing) <= 1, climbs
    assert max(max(grades) for grades in climbs) < target.max_grade
    seen = teacher.submissions(question)
    flagged = {item["student"] for item in seen if "hill_climbing" in item["flags"]}
    assert len(flagged) == CLIMBERS
    assert len(teacher.audit(question)) == CLIMBERS * (BUDGET + 1)


def test_the_budget_takes_longer_than_a_lesson_gives_patience() -> None:
    policy = AttemptPolicy()
    assert sum(policy.delay_after(number) for number in range(1, policy.budget)) == pytest.approx(155)
