"""A student who climbs: keeps what the server liked of small random changes, with everything the server lets out.

The climber has the question's words and those of honest answers, a token, and the whole budget of attempts. It starts
from a bag of words and swaps, adds and drops words; a step is kept when it is not graded lower. Its attempts go through
HTTP as a student's do, so budget, delay and coarse grades are what it has to live with.
"""

import random
from pathlib import Path

import pytest

from service.client import Client, ClientError
from service.settings import AttemptPolicy, Settings
from synth.text import folded_words

from .conftest import GENEROUS, GRADED, QUESTION, Serve

BUDGET = AttemptPolicy().budget
CLIMBERS = 12


def climb(student: Client, question: str, rng: random.Random) -> list[float]:
    """Grades of all attempts until the server takes no more."""
    vocabulary = sorted({word for text in (QUESTION, *(text for text, _ in GRADED[6:])) for word in folded_words(text)})
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
    question = served.lesson(teacher)
    climbs = []
    for number in range(CLIMBERS):
        student = served.student(f"Climber {number}", "Ada")
        climbs.append(climb(student, question, random.Random(number)))
    assert {len(grades) for grades in climbs} == {BUDGET}
    # "Nowhere": hardly anyone ends above 0, and nobody with the full grade.
    climbed = [grades for grades in climbs if max(grades) > 0]
    assert len(climbed) <= 2, climbs
    assert max(max(grades) for grades in climbs) < 2
    seen = teacher.submissions(question)
    flagged = {item["student"] for item in seen if "hill_climbing" in item["flags"]}
    assert len(flagged) == CLIMBERS
    assert len(teacher.audit(question)) == CLIMBERS * (BUDGET + 1)


def test_the_budget_takes_longer_than_a_lesson_gives_patience() -> None:
    policy = AttemptPolicy()
    assert sum(policy.delay_after(number) for number in range(1, policy.budget)) == pytest.approx(155)
