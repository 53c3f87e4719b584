"""A lesson kept in memory gives what the full grader gives from nothing."""

import numpy as np
import pytest

from grader.full import FullGrader
from grader.storage import StoredAnswer
from relevance.gate import Gate
from service.lesson import Lesson
from service.store import QuestionRecord

TEXTS = [
    "Our half leans to the sun in summer.",
    "idk",
    "Why is it warmer in summer than in winter?",
    "The heart pumps blood through the body and the lungs take up oxygen.",
    "because days are long",
    "",
    "qwertz uiop asdf",
]


@pytest.fixture(scope="module")
def graded(graded_answers: list[tuple[str, float]]) -> list[StoredAnswer]:
    return [StoredAnswer(number, text, grade) for number, (text, grade) in enumerate(graded_answers, 1)]


@pytest.fixture(scope="module")
def record(question_text: str) -> QuestionRecord:
    return QuestionRecord(question_text, "en", 2.0, id="ab", teacher_id=1)


def submitted(texts: list[str]) -> list[tuple[int, str, int]]:
    return [(number, text, 0) for number, text in enumerate(texts)]


def fresh(full: FullGrader, record: QuestionRecord, graded: list[StoredAnswer]) -> list[tuple[float, str | None]]:
    results = full.for_question(record.graded_question(graded)).grade(TEXTS)
    return [(result.grade, result.reason) for result in results]


def present(lesson: Lesson) -> list[tuple[float, str | None]]:
    return [(result.grade, result.reason) for result in lesson.submitted_results()[1]]


def test_it_grades_as_the_full_grader_does(gate: Gate, record: QuestionRecord, graded: list[StoredAnswer]) -> None:
    full = FullGrader(gate.encoder, gate)
    lesson = Lesson(full, record, graded, [])
    mine = lesson.grade(TEXTS)
    theirs = full.for_question(record.graded_question(graded)).grade(TEXTS)
    assert [result.reason for result in mine] == [result.reason for result in theirs]
    assert {result.reason for result in mine} >= {None, "refusal", "copied-question", "blank"}
    for one, other in zip(mine, theirs, strict=True):
        assert one.grade == other.grade
        assert np.allclose(one.probabilities, other.probabilities)
        assert one.relevance == pytest.approx(other.relevance)


@pytest.mark.parametrize(("answer", "grade"), [(1, 1.0), (5, 2.0), (1, 0.0), (8, 2.0)])
def test_a_changed_grade_moves_every_answer_as_a_fresh_grader_would(
    gate: Gate, record: QuestionRecord, graded: list[StoredAnswer], answer: int, grade: float
) -> None:
    full = FullGrader(gate.encoder, gate)
    lesson = Lesson(full, record, graded, submitted(TEXTS[:3]))
    lesson.add_submissions([3, 4, 5, 6], lesson.read(TEXTS[3:]))
    lesson.change_grade(answer, grade)
    changed = [StoredAnswer(item.id, item.text, grade if item.id == answer else item.grade) for item in graded]
    assert present(lesson) == fresh(full, record, changed)
    lesson.regrade()
    assert present(lesson) == fresh(full, record, changed)
    assert lesson.submission_ids == tuple(range(7))


def test_graded_answers_come_and_go(gate: Gate, record: QuestionRecord, graded: list[StoredAnswer]) -> None:
    full = FullGrader(gate.encoder, gate)
    lesson = Lesson(full, record, graded[:-3], submitted(TEXTS))
    before = lesson.read(["In summer the light falls steeply."])
    lesson.replace_graded(graded)
    assert present(lesson) == fresh(full, record, graded)
    lesson.add_submissions([7], before)
    assert len(lesson.submitted) == 8
    assert lesson.submitted.covariance.shape == (8, len(graded))
    with pytest.raises(ValueError, match="no answer is graded"):
        lesson.replace_graded([])


def test_the_teachers_grade_of_a_text_counts(gate: Gate, record: QuestionRecord, graded: list[StoredAnswer]) -> None:
    texts = ["Photosynthesis makes sugar from light.", " Photosynthesis makes sugar from light. "]
    lesson = Lesson(FullGrader(gate.encoder, gate), record, graded, submitted(texts))
    lesson.replace_graded([*graded, StoredAnswer(99, texts[0], 1.5)])
    assert [result.grade for result in lesson.submitted_results()[1]] == [1.5, 1.5]
    assert lesson.teacher_grade(texts[1]) == 1.5
    lesson.change_grade(99, 0.0)
    assert [result.grade for result in lesson.submitted_results()[1]] == [0.0, 0.0]


def test_suggestions_differ_and_are_not_graded_yet(
    gate: Gate, record: QuestionRecord, graded: list[StoredAnswer]
) -> None:
    texts = [*TEXTS, graded[0].text, "The light is stronger in summer.", "The light is stronger in summer."]
    lesson = Lesson(FullGrader(gate.encoder, gate), record, graded, submitted(texts))
    chosen = [texts[item.submission_id] for item in lesson.suggest(20)]
    assert len(set(chosen)) == len(chosen) >= 3
    assert graded[0].text not in chosen
    assert len(lesson.suggest(1)) == 1


def test_every_miss_halves_the_doubt_left_to_the_next_attempt(
    gate: Gate, record: QuestionRecord, graded: list[StoredAnswer]
) -> None:
    texts = ["seasons", "The axis of the planet is tilted towards the sun.", "warm", "the tilt", "light in the sky"]
    lesson = Lesson(FullGrader(gate.encoder, gate), record, graded, [])
    free = lesson.read(texts)
    threshold = gate.for_question(record.graded_question(graded)).threshold
    for misses in range(6):
        doubt = (1 - threshold) / 2**misses
        expected = [
            verdict.reason or ("irrelevant" if 1 - verdict.relevance > doubt else None) for verdict in free.verdicts
        ]
        assert [verdict.reason for verdict in lesson.read(texts, [misses] * 5).verdicts] == expected
    strict = lesson.read(texts, [60] * 5)
    assert all(verdict.rejected for verdict in strict.verdicts)
    lesson.add_submissions(range(5), strict)
    assert {result.grade for result in lesson.submitted_results()[1]} == {0.0}
    lesson.replace_graded([*graded, StoredAnswer(99, texts[1], 2.0)])
    assert [result.grade for result in lesson.submitted_results()[1]] == [0.0, 2.0, 0.0, 0.0, 0.0]
