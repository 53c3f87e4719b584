"""Probing: a budget and growing delays that survive restarts, retried requests that count once, flags, the trail."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.client import Client, ClientError
from service.probing import HILL_CLIMBING, NEAR_IDENTICAL, flags
from service.settings import AttemptPolicy, Settings

from .conftest import GENEROUS, Serve, Served


def refused(client: Client, question: str, answer: str, **named) -> ClientError:
    with pytest.raises(ClientError) as caught:
        client.hand_in(question, answer, **named)
    return caught.value


def test_the_delay_doubles_up_to_its_limit() -> None:
    policy = AttemptPolicy(budget=10, first_delay=5, longest_delay=60)
    assert [policy.delay_after(n) for n in range(7)] == [0, 5, 10, 20, 40, 60, 60]
    assert policy.delay_after(10**9) == 60


def test_budget_and_delay_survive_a_restart(serve: Serve, tmp_path: Path) -> None:
    settings = Settings(str(tmp_path / "a.db"), attempts=AttemptPolicy(3, 3600.0, 7200.0), limits=GENEROUS)
    served = serve(settings)
    teacher = served.teacher("Ada")
    student, other = served.student("Bo", "Ada"), served.student("Cy", "Ada")
    question = served.lesson(teacher)

    def restart_later(seconds: int) -> None:
        """The same server and people, when so much time has passed."""
        nonlocal served, teacher, student
        served.stop()
        with sqlite3.connect(tmp_path / "a.db") as connection:
            connection.execute("UPDATE submissions SET time = time - ?", [seconds])
        connection.close()
        served = serve(settings)
        teacher, student = Client(served.url, teacher._token), Client(served.url, student._token)

    first = student.hand_in(question, "The axis is tilted.")
    assert first["attempts_left"] == 2
    assert 3000 < first["retry_after"] <= 3600
    early = refused(student, question, "The axis is tilted, really.")
    assert (early.status, early.code) == (429, "too_soon")
    assert 3000 < early.retry_after <= 3600
    assert other.question(question)["attempts_left"] == 3
    assert other.hand_in(question, "The days are long.")["attempts_left"] == 2
    seen = student.question(question)
    assert seen["attempts_left"] == 2 and 3000 < seen["retry_after"] <= 3600
    restart_later(3600)
    assert student.question(question)["retry_after"] == 0
    assert student.hand_in(question, "The days are long.")["attempts_left"] == 1
    restart_later(3600)
    assert refused(student, question, "Now?").code == "too_soon"
    restart_later(3600)
    last = student.hand_in(question, "The sun is high in the sky.")
    assert (last["attempts_left"], last["retry_after"]) == (0, 0)
    assert [item["attempts_left"] for item in student.questions()] == [0]
    over = refused(student, question, "And now?")
    assert (over.code, over.retry_after) == ("no_attempts_left", 86400), "programs are not invited to come back at once"
    assert [item["number"] for item in student.submissions(question)] == [1, 2, 3]
    trail = [(item["who"], item["kind"], item["text"]) for item in teacher.audit(question)]
    assert trail == [
        ("Bo", "graded", "The axis is tilted."),
        ("Bo", "refused", "The axis is tilted, really."),
        ("Cy", "graded", "The days are long."),
        ("Bo", "graded", "The days are long."),
        ("Bo", "refused", "Now?"),
        ("Bo", "graded", "The sun is high in the sky."),
        ("Bo", "refused", "And now?"),
    ]


def test_a_repeated_request_is_one_attempt(served: Served, teacher: Client, student: Client, question: str) -> None:
    first = student.hand_in(question, "The axis is tilted.", key="one")
    again = student.hand_in(question, "The axis is tilted.", key="one")
    assert again == first
    mismatch = refused(student, question, "Something else.", key="one")
    assert (mismatch.status, mismatch.code) == (422, "idempotency_mismatch")
    other = served.student(f"Other {question}", "Ada")
    assert other.hand_in(question, "The axis is tilted.", key="one")["id"] != first["id"]
    assert len(teacher.submissions(question)) == 2


def test_the_same_request_at_the_same_moment_is_one_attempt(served: Served, teacher: Client, question: str) -> None:
    student = served.student(f"Twin {question}", "Ada")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: student.hand_in(question, "The tilt.", key="k", tries=5), range(8)))
    assert len({item["id"] for item in answers}) == 1
    assert len(teacher.submissions(question)) == 1


def test_two_requests_at_once_cannot_both_be_the_last(serve: Serve, tmp_path: Path) -> None:
    served = serve(Settings(str(tmp_path / "a.db"), attempts=AttemptPolicy(2, 0.0), limits=GENEROUS))
    question = served.lesson(served.teacher("Ada"))
    student = served.student("Bo", "Ada")

    def attempt(number: int) -> str:
        try:
            return str(student.hand_in(question, f"The axis is tilted {number}.")["grade"])
        except ClientError as error:
            return error.code

    with ThreadPoolExecutor(10) as pool:
        told = list(pool.map(attempt, range(10)))
    assert told.count("no_attempts_left") == 8


def test_more_than_the_queue_holds_is_sent_away(serve: Serve, tmp_path: Path) -> None:
    served = serve(Settings(str(tmp_path / "a.db"), queue=2, batch=1, limits=GENEROUS))
    teacher = served.teacher("Ada")
    question = served.lesson(teacher)
    students = [served.student(f"S{n}", "Ada") for n in range(8)]
    blocked, going_on = threading.Event(), threading.Event()
    encode = served.classroom.encoder.encoder.encode_deep

    def slow(*arguments):
        blocked.set()
        going_on.wait(20)
        return encode(*arguments)

    served.classroom.encoder.encoder.encode_deep = slow
    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(student.hand_in, question, f"The axis {n}", tries=1) for n, student in enumerate(students)
        ]
        assert blocked.wait(10)
        while sum(future.done() for future in waiting) < 5:
            time.sleep(0.01)
        going_on.set()
    served.classroom.encoder.encoder.encode_deep = encode
    errors = [future.exception() for future in waiting if future.exception()]
    assert {(error.status, error.code, error.retry_after) for error in errors} == {(429, "busy", 2)}
    assert len(teacher.submissions(question)) == 8 - len(errors) >= 1
    assert sum(item["kind"] == "refused" for item in teacher.audit(question)) == len(errors)


def test_flags_tell_a_search_from_a_revision() -> None:
    climb = ["tilt", "tilt axis", "tilt axis summer", "tilt axis summer light"]
    assert HILL_CLIMBING in flags(climb[3], climb[:3])
    assert flags(climb[1], climb[:1]) == ()
    text = "Because the axis of the Earth is tilted, the sun is higher in summer."
    assert flags(text.replace("Because", "As"), [text]) == (NEAR_IDENTICAL,)
    assert flags("The sun burns hotter in summer.", ["The days are longer.", "Clouds keep warmth away."]) == ()
    assert NEAR_IDENTICAL in flags("", [""])


def test_the_teacher_sees_the_flags(served: Served, teacher: Client, question: str) -> None:
    student = served.student(f"Climber {question}", "Ada")
    for words in ("axis", "axis tilt", "axis tilt sun", "axis tilt sun summer"):
        student.hand_in(question, words)
    found = [item["flags"] for item in teacher.submissions(question)]
    assert found[0] == []
    assert "hill_climbing" in found[-1]


def test_students_know_nothing_of_flags(student: Client, question: str) -> None:
    student.hand_in(question, "the axis")
    assert set(student.submissions(question)[0]) == {
        "id",
        "number",
        "time",
        "answer",
        "grade",
        "max_grade",
        "reason",
        "reason_text",
    }


def test_sqlite_waits_for_the_disk(served: Served) -> None:
    with served.classroom.database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
