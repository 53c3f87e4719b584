"""Students learn from marks and from a teacher's probabilities, and run on numpy alone."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

import answergate
from grader.artifact import ArtifactError
from grader.distill.artifact import load_students, save_students
from grader.distill.features import CheapReader
from grader.distill.question import DistilledContender, distil, mixed_answers
from grader.distill.student import (
    MOST_PARAMETERS,
    Lessons,
    Student,
    StudentSettings,
    loss_and_gradient,
    tempered,
    train_student,
)
from grader.levels import grade_scale
from grader.rivals.base import Graded
from synth.graded import write_graded_file
from synth.tables import read_rows, write_rows
from tests.grader.conftest import FACTS, water_question


class Oracle:
    """A teacher who is right and says so with 90 %."""

    def __init__(self, question, support):
        self.scale = grade_scale([answer.grade for answer in support], question.max_grade)

    def grade(self, texts):
        grades = np.array([float(sum(fact in text for fact in FACTS)) for text in texts])
        right = self.scale.targets(grades)
        return Graded(grades, 0.9 * right + 0.1 / right.shape[1])


class OracleContender:
    name = "oracle"

    def fit(self, question, support):
        return Oracle(question, support)


def random_lessons(soft=5):
    generator = np.random.default_rng(0)
    rows, targets = generator.normal(size=(6, 9)), np.eye(3)[generator.integers(0, 3, 6)]
    return Lessons(rows, targets, generator.normal(size=(soft, 9)), generator.dirichlet(np.ones(3), soft))


@pytest.mark.parametrize("soft", [0, 5])
def test_the_gradient_is_that_of_the_loss(soft):
    generator = np.random.default_rng(1)
    shapes = [(9,), (9,), (9, 4), (4,), (4, 3), (3,)]
    values = [generator.normal(size=shape) for shape in shapes]
    settings, lessons = StudentSettings(temperature=3.0, weight=0.7, decay=0.1), random_lessons(soft)
    _, gradients = loss_and_gradient(Student(*values), lessons, settings)
    for place, gradient in enumerate(gradients, 2):
        for index in np.ndindex(gradient.shape):
            step = 1e-6
            moved = []
            for sign in (1, -1):
                changed = [value.copy() for value in values]
                changed[place][index] += sign * step
                moved.append(loss_and_gradient(Student(*changed), lessons, settings)[0])
            assert gradient[index] == pytest.approx((moved[0] - moved[1]) / (2 * step), abs=1e-5)


def test_temperature_softens():
    rows = tempered(np.array([[0.8, 0.2], [1.0, 0.0]]), 2.0)
    np.testing.assert_allclose(rows[0], np.sqrt([0.8, 0.2]) / np.sqrt([0.8, 0.2]).sum())
    assert 0 < rows[1, 1] < 1e-4


def test_soft_labels_help_where_marks_are_few():
    question = water_question(count=90)
    support, unmarked, test = question.answers[:8], question.answers[8:50], question.answers[50:]
    truth = np.array([answer.grade for answer in test])
    errors = {}
    for taught in (False, True):
        teacher = Oracle(question, support) if taught else None
        found = [
            distil(question, support, teacher, [a.text for a in unmarked], StudentSettings(seed=seed, signals=False))
            for seed in range(2)
        ]
        errors[taught] = np.mean([np.abs(s.grade([a.text for a in test]).grades - truth).mean() for s in found])
    assert errors[True] < 0.7 * errors[False]


def test_the_same_seed_gives_the_same_student_and_size_is_bounded():
    lessons = random_lessons()
    settings = StudentSettings(width=8, hidden=4, steps=20)
    first, second = train_student(lessons, settings), train_student(lessons, settings)
    np.testing.assert_array_equal(first.inner, second.inner)
    assert first.parameters == 9 * 4 + 4 + 4 * 3 + 3 <= MOST_PARAMETERS
    with pytest.raises(ValueError, match="at most 30000"):
        train_student(lessons, dataclasses.replace(settings, hidden=4000))
    with pytest.raises(ValueError, match="no marked answer"):
        train_student(dataclasses.replace(lessons, rows=lessons.rows[:0], targets=lessons.targets[:0]), settings)


def test_mixtures_are_made_of_the_answers_parts():
    question = water_question(count=12)
    mixed = mixed_answers(question.answers, seed=1)
    assert len(mixed) > 12 and mixed == mixed_answers(question.answers, seed=1)
    words = {word for answer in question.answers for word in answer.text.split()}
    assert {word for text in mixed for word in text.split()} <= words
    assert mixed_answers(question.answers[:1]) == []


def test_a_row_depends_on_its_own_text_alone():
    reader = CheapReader(water_question(), 256)
    texts = ["rain falls", "", "\ud800 雨", "x" * 5000]
    rows = reader.read(texts)
    assert rows.shape == (4, reader.columns)
    for row, text in zip(rows, texts, strict=True):
        np.testing.assert_array_equal(reader.read([text])[0], row)


def test_students_are_saved_small_and_run_without_torch(tmp_path):
    question = water_question()
    contender = DistilledContender(OracleContender())
    fitted = contender.fit(question, question.answers)
    settings = contender.settings
    folder = save_students({question.id: (question, fitted)}, settings, tmp_path / "students", {"teacher": "oracle"})
    assert (folder / "model.safetensors").stat().st_size < 70_000
    loaded = load_students(folder)[question.id][1]
    texts = [answer.text for answer in question.answers]
    np.testing.assert_allclose(loaded.grade(texts).probabilities, fitted.grade(texts).probabilities, atol=5e-3)
    code = (
        f"import sys; from grader.distill.artifact import load_students; s = load_students({str(folder)!r});"
        f"print(s[{question.id!r}][1].grade(['rain falls on the land']).grades.shape,"
        " [m for m in ('torch', 'onnxruntime', 'transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1,) []"
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ArtifactError, match="distil them again"):
        load_students(folder)


def test_commands_distil_and_grade(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("ANSWERGATE_CACHE", str(tmp_path / "cache"))
    question = water_question()
    write_graded_file(tmp_path / "graded.jsonl", [question])
    write_rows(tmp_path / "open.jsonl", [{"answer": f"{FACTS[n % 3]} {n}"} for n in range(12)])
    files = [tmp_path / "graded.jsonl", "--transfer", tmp_path / "open.jsonl", "--out", tmp_path / "students"]
    assert answergate.main(["grader", "distill", *map(str, files), "--threads", "1"]) == 0
    assert "1 student(s)" in capsys.readouterr().out
    card = (tmp_path / "students" / "card.md").read_text()
    assert "teacher: online" in card and "unmarked answers: 12" in card
    write_rows(tmp_path / "new.jsonl", [{"answer": f"{FACTS[0]} and {FACTS[1]}"}, {"answer": "?!"}])
    grade = ["grader", "distill-grade", tmp_path / "new.jsonl", "--support", tmp_path / "graded.jsonl"]
    more = ["--students", tmp_path / "students", "--out", tmp_path / "out.jsonl", "--threads", 1]
    assert answergate.main([str(item) for item in [*grade, *more]]) == 0
    rows = [row for _, row in read_rows(tmp_path / "out.jsonl")]
    assert rows[0]["grade"] > 0 and rows[1]["grade"] == 0 and rows[1]["reason"]
    assert answergate.main([*map(str, ["grader", "distill", *files]), "--teacher", "student2"]) == 2
    assert "no grader is called 'student2'" in capsys.readouterr().err
