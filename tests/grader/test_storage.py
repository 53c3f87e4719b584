import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from encoders import Encoder
from grader import GraderPrior
from grader.live import LiveQuestion
from grader.storage import METADATA, GradeStore, StorageError
from synth.graded import GradedAnswer, GradedQuestion

RIGHT = "The heart pumps blood through the body"
WRONG = "It is a bone in the leg"


class CountingEncoder(Encoder):
    """Letters as vectors: quick and deterministic; remembers how many texts it was asked for."""

    name, dimension, content_hash = "letters", 26, "letters-1"

    def __init__(self):
        self.texts = 0

    def _encode(self, texts, role, progress):
        self.texts += len(texts)
        rows = np.array([[1 + text.lower().count(chr(97 + letter)) for letter in range(26)] for text in texts], float)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def heart(grades=((RIGHT, 2), (WRONG, 0), (RIGHT + " all day", 2), (WRONG + " or arm", 0))):
    answers = tuple(GradedAnswer(text, grade) for text, grade in grades)
    return GradedQuestion("q1", "What does the heart do?", "en", 2, answers, ("It pumps blood.",), "biology")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a database can be: a file, or a PostgreSQL server's URL with all tables empty."""
    if request.param == "sqlite":
        return tmp_path / "grades.db"
    url = request.getfixturevalue("postgresql")
    store = GradeStore(url)
    METADATA.drop_all(store.engine)
    store.close()
    return url


def test_question_answers_and_grades_come_back_as_they_went_in(place):
    store = GradeStore(place)
    store.add_question(heart())
    store.add_answers("q1", ["a new answer", RIGHT])
    again = GradeStore(place)
    assert again.question("q1") == heart()
    assert [item.text for item in again.answers("q1")][-1] == "a new answer"
    assert len(again.answers("q1")) == 5
    again.set_grade(again.answers("q1")[4].id, 1.5)
    assert store.question("q1").answers[-1] == GradedAnswer("a new answer", 1.5)
    with pytest.raises(ValueError, match="outside 0 … 2"):
        store.set_grade(1, 3)
    with pytest.raises(StorageError, match="no answer 99"):
        store.set_grade(99, 1)
    with pytest.raises(StorageError, match="no question 'q2'"):
        store.question("q2")
    store.close()
    again.close()


def test_questions_keep_their_order_and_strange_texts_are_stored(place):
    store = GradeStore(place)
    names = ["zebra", "apple", "mouse"]
    for name in names:
        store.add_question(GradedQuestion(name, name, "en", 1, (GradedAnswer(f"{name}?", 1),)))
    store.add_question(GradedQuestion("zebra", "a striped animal", "en", 1, (GradedAnswer("zebra?", 0),)))
    assert store.question_ids() == names
    assert store.question("zebra").answers == (GradedAnswer("zebra?", 0),)
    store.add_answers("mouse", ["a\0b", "lone \ud800", "\U0001f42d", "a\ufffdb"])
    assert [item.text for item in store.answers("mouse")] == ["mouse?", "a\ufffdb", "lone \ufffd", "\U0001f42d"]
    store.close()


def test_a_database_that_cannot_be_had_is_named():
    with pytest.raises(StorageError, match="cannot open"):
        GradeStore("nosuchdatabase://x")
    with pytest.raises(StorageError, match="cannot open"):
        GradeStore("postgresql+psycopg://127.0.0.1:1/nothing?connect_timeout=2")


def test_vectors_are_encoded_once(place):
    store, encoder = GradeStore(place), CountingEncoder()
    first = store.vectors([RIGHT, WRONG, RIGHT], encoder)
    assert encoder.texts == 2
    assert np.array_equal(store.vectors([RIGHT, WRONG, RIGHT], encoder), first)
    assert encoder.texts == 2
    assert store.vectors([], encoder).shape == (0, 26)
    store.close()


def test_a_changed_grade_moves_every_answer_as_a_fresh_fit_would(place):
    store, encoder = GradeStore(place), CountingEncoder()
    store.add_question(heart())
    store.add_answers("q1", [f"{RIGHT} number {i}" for i in range(30)] + [f"{WRONG} number {i}" for i in range(30)])
    live = LiveQuestion(store, "q1", encoder, GraderPrior())
    before = live.given_grades
    assert before[4:34].mean() > before[34:].mean()
    live.set_grade(live.grades[0].answer_id, 0)
    fresh = LiveQuestion(store, "q1", encoder, GraderPrior())
    assert np.allclose(live.given_grades, fresh.given_grades)
    for mine, theirs in zip(live.grades, fresh.grades, strict=True):
        assert np.allclose(mine.estimate.probabilities, theirs.estimate.probabilities, atol=1e-7)
    asked = live.ask()
    assert live.grades[4].teacher_grade is None
    live.set_grade(asked, 2)
    assert {item.answer_id: item.teacher_grade for item in live.grades}[asked] == 2
    assert store.load_fit("q1", encoder.content_hash) is None
    live.save()
    assert store.load_fit("q1", encoder.content_hash)["dual"].shape[0] == 5
    store.close()


def test_what_was_stored_is_there_after_kill_9(tmp_path):
    script = textwrap.dedent(
        """
        import sys
        from grader.storage import GradeStore
        from synth.graded import GradedAnswer, GradedQuestion
        store = GradeStore(sys.argv[1])
        store.add_question(GradedQuestion("q", "Why?", "en", 100, (GradedAnswer("first", 1),)))
        for number in range(10_000):
            store.set_grade(1, number % 100)
            print(number, flush=True)
        """
    )
    path = tmp_path / "grades.db"
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        for _ in range(40):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        printed = [40, *(int(line) + 1 for line in process.stdout.read().split())]
    grade = GradeStore(path).answers("q")[0].grade
    assert grade in {(printed[-1] - 1) % 100, printed[-1] % 100}
