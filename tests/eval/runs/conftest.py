"""Small questions in five languages and a grader made of one rule, whose leaks can be planted."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from eval.results import SuiteResult
from eval.suite import SuiteSettings, run_suite
from eval.targets import TargetGrade
from synth.attacks import choose_families, sample_questions
from synth.graded import GradedAnswer, GradedQuestion

FAMILIES = "blank,refusal,random-characters,question-copy,off-topic-fluent,duplication,typos"
LANGUAGES = ("ar", "de", "en", "sw", "zh")


class PlantedTarget:
    """Grades honest answers as the teacher did and everything else 0, but for `leaks` per mille of all other texts.

    Which texts leak depends on the text alone, and those of a lower number are among those of a higher one.
    """

    def __init__(self, leaks: int = 0, away: int = 0, name: str = "planted") -> None:
        self.name = name
        self.leaks = leaks
        self.away = away
        self.asked = 0

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        self.asked += len(answers)
        known = {answer.text: answer.grade for answer in question.answers}
        return [self._one(question, known, text) for text in answers]

    def _one(self, question: GradedQuestion, known: dict[str, float], text: str) -> TargetGrade:
        drawn = zlib.crc32(f"{question.id}\n{text}".encode("utf-8", "surrogatepass")) % 1000
        if text in known:
            return TargetGrade(0.0, 0.1, "irrelevant") if drawn < self.away else TargetGrade(known[text], 0.9)
        return TargetGrade(question.max_grade, 0.6) if drawn < self.leaks else TargetGrade(0.0, 0.2, "irrelevant")


@pytest.fixture(scope="session")
def small_questions() -> list[GradedQuestion]:
    """Three questions per language, alike but for their ids, which is enough for other attacks."""
    return [replace(sample_questions(code)[0], id=f"{code}-{number}") for code in LANGUAGES for number in range(3)]


@pytest.fixture(scope="session")
def planted() -> type[PlantedTarget]:
    return PlantedTarget


@pytest.fixture(scope="session")
def attacked(small_questions: list[GradedQuestion]) -> Callable[..., SuiteResult]:
    def run(target: PlantedTarget, families: str = FAMILIES, per_question: int = 3, **options: object) -> SuiteResult:
        settings = SuiteSettings(
            tuple(choose_families(families)),
            per_question,
            3,
            int(options.pop("seed", 0)),
            int(options.pop("repeats", 1)),
        )
        questions = options.pop("questions", small_questions)
        return run_suite(target, questions, settings, **options)

    return run
