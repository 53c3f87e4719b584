"""kill -9, a full disk, a locked database, a failing encoder: what was acknowledged is kept, what failed is said."""

import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.accounts import Accounts
from service.client import Client, ClientError
from service.database import Database
from service.settings import AttemptPolicy, Settings

from .conftest import GENEROUS, GRADED, QUESTION, Serve


class Process:
    """`answergate serve` as a process of its own, which can be killed and started again."""

    def __init__(self, database: Path) -> None:
        self.database = database
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "answergate", "serve", "--database", str(self.database)]
        command += ["--port", str(self.port), "--attempts", "1000", "--delay", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(600):
            assert self.process.poll() is None
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the server did not start")

    def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(40)

    def account(self, role: str, name: str, teacher: str | None = None) -> Client:
        database = Database(str(self.database))
        try:
            return Client(self.url, Accounts(database).add(role, name, teacher))
        finally:
            database.close()


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    running = Process(tmp_path / "a.db")
    running.start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.end(signal.SIGKILL)


def new_question(teacher: Client) -> str:
    question = teacher.add_question(QUESTION, "en", 2, open=True)["id"]
    teacher.add_graded(question, GRADED)
    return question


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(process: Process) -> None:
    teacher = process.account("teacher", "Ada")
    students = [process.account("student", f"S{n}", "Ada") for n in range(8)]
    question = new_question(teacher)
    acknowledged: dict[int, tuple[str, float]] = {}
    unsure: list[tuple[int, str, str]] = []
    grades: dict[int, float] = {}
    stopping = threading.Event()

    def hand_in(number: int) -> None:
        for attempt in range(1000):
            text, key = f"Student {number} says the axis is tilted, {attempt}.", f"key-{attempt}"
            try:
                told = students[number].hand_in(question, text, key, tries=1)
                acknowledged[told["id"]] = (text, told["grade"])
            except ClientError:
                unsure.append((number, text, key))
                return

    def change_grades() -> None:
        rows = [row["id"] for row in teacher.graded(question)]
        turn = 0
        while not stopping.is_set():
            row, grade = rows[turn % len(rows)], turn % 3
            try:
                teacher.change_grade(question, row, grade)
            except ClientError:
                return
            grades[row] = grade
            turn += 1

    with ThreadPoolExecutor(9) as pool:
        changing = pool.submit(change_grades)
        handing = [pool.submit(hand_in, number) for number in range(8)]
        while len(acknowledged) < 60:
            time.sleep(0.01)
            assert not all(future.done() for future in handing)
        assert process.end(signal.SIGKILL) == -signal.SIGKILL
        for future in (changing, *handing):
            future.result(30)
    process.start()

    stored = teacher.submissions(question)
    by_id = {item["id"]: item for item in stored}
    for number, (text, grade) in acknowledged.items():
        assert (by_id[number]["answer"], by_id[number]["told"]) == (text, grade)
    assert len({item["answer"] for item in stored}) == len(stored)
    # What was on its way is there once or not at all; sent again with its key it is there once.
    assert len(acknowledged) <= len(stored) <= len(acknowledged) + len(unsure)
    for number, text, key in unsure:
        students[number].hand_in(question, text, key)
    stored = teacher.submissions(question)
    assert len({item["answer"] for item in stored}) == len(stored) == len(acknowledged) + len(unsure)
    kept = {row["id"]: row["grade"] for row in teacher.graded(question)}
    # Of the change that was under way nobody heard whether it was kept.
    assert sum(kept[row] != grade for row, grade in grades.items()) <= 1


def test_a_stopping_server_finishes_what_it_has_taken(process: Process) -> None:
    teacher = process.account("teacher", "Ada")
    students = [process.account("student", f"S{n}", "Ada") for n in range(16)]
    question = new_question(teacher)
    with ThreadPoolExecutor(16) as pool:
        sent = [
            pool.submit(student.hand_in, question, "In summer the sun is higher in the sky. " * 40, tries=1)
            for student in students
        ]
        while not any(future.done() for future in sent):
            time.sleep(0.001)
        process.end(signal.SIGTERM)
        told = [future.result()["id"] for future in sent if future.exception() is None]
    assert told
    process.start()
    assert set(told) <= {item["id"] for item in teacher.submissions(question)}


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="a running process's limits can be set on Linux only")
def test_a_full_disk_is_said_and_survived(process: Process) -> None:
    teacher = process.account("teacher", "Ada")
    student = process.account("student", "Bo", "Ada")
    question = new_question(teacher)
    kept = [student.hand_in(question, "The axis is tilted.")["id"]]
    assert process.process is not None
    # No file may grow beyond what the log has now: every further commit fails as on a full disk.
    log = process.database.with_name("a.db-wal").stat().st_size
    before = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (log, resource.RLIM_INFINITY))
    statuses = set()
    for attempt in range(3):
        with pytest.raises(ClientError) as caught:
            student.hand_in(question, f"The axis is tilted, again {attempt}.", tries=1)
        statuses.add((caught.value.status, caught.value.code))
    assert statuses == {(503, "storage_unavailable")}
    assert "Nothing was stored" in caught.value.message
    with pytest.raises(ClientError) as caught:
        teacher.change_grade(question, 1, 0)
    assert caught.value.status == 503
    assert [item["id"] for item in teacher.submissions(question)] == kept
    assert teacher.graded(question)[0]["grade"] == 2
    resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, before)
    kept.append(student.hand_in(question, "The axis is tilted, again.")["id"])
    assert teacher.change_grade(question, 1, 0)["graded"][0]["grade"] == 0
    assert [item["id"] for item in teacher.submissions(question)] == kept


def test_a_locked_database_is_said_and_survived(serve: Serve, tmp_path: Path) -> None:
    served = serve(Settings(str(tmp_path / "a.db"), lock_wait=0.2, attempts=AttemptPolicy(9, 0.0), limits=GENEROUS))
    teacher = served.teacher("Ada")
    student = served.student("Bo", "Ada")
    question = served.lesson(teacher)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for call in (
        lambda: student.hand_in(question, "The axis is tilted.", tries=1),
        lambda: teacher.change_grade(question, 1, 0),
        lambda: teacher.add_question("Why?", "en", 1),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert (caught.value.status, caught.value.code) == (503, "storage_unavailable")
        assert caught.value.retry_after and "busy with another program" in caught.value.message
    assert teacher.graded(question)[0]["grade"] == 2
    other.execute("ROLLBACK")
    other.close()
    assert student.hand_in(question, "The axis is tilted.")["attempts_left"] == 8
    assert teacher.change_grade(question, 1, 0)["graded"][0]["grade"] == 0


def test_a_failing_encoder_is_said_and_survived(serve: Serve, tmp_path: Path) -> None:
    served = serve(Settings(str(tmp_path / "a.db"), attempts=AttemptPolicy(9, 0.0), limits=GENEROUS))
    teacher = served.teacher("Ada")
    student = served.student("Bo", "Ada")
    question = served.lesson(teacher)
    engine = served.classroom.encoder.encoder

    def failing(*arguments):
        raise MemoryError("engine")

    engine.encode_deep = failing
    for call in (
        lambda: student.hand_in(question, "Never seen before: the axis is tilted.", tries=1),
        lambda: teacher.grade(question, ["Nor was this: the axis is tilted."]),
        lambda: teacher.add_graded(question, [("Nor this: the axis is tilted.", 2)]),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        assert (caught.value.status, caught.value.code, caught.value.retry_after) == (503, "encoder_failed", 5)
        assert "engine" not in caught.value.message
    del engine.encode_deep
    assert student.hand_in(question, "Never seen before: the axis is tilted.")["attempts_left"] == 8
    assert [item["kind"] for item in teacher.audit(question)] == ["refused", "graded"]
    assert len(teacher.graded(question)) == len(GRADED)
