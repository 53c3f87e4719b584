"""The same lesson on a real PostgreSQL server, where one is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.client import Client, ClientError
from service.settings import AttemptPolicy, Settings

from .conftest import GENEROUS, GRADED, Serve


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of an empty database."""
    initdb, ctl = shutil.which("initdb"), shutil.which("pg_ctl")
    if not initdb or not ctl:
        pytest.skip("PostgreSQL is not installed")
    # PostgreSQL refuses to run as root.
    user = "nobody" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="answergate-pg-"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    try:
        run(initdb, "-D", str(folder / "data"), "-A", "trust", "-U", "answergate", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        run(ctl, "-D", str(folder / "data"), "-o", options, "-l", str(folder / "log"), "-w", "start")
        yield f"postgresql+psycopg://answergate@127.0.0.1:{port}/postgres"
        run(ctl, "-D", str(folder / "data"), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_lesson_on_postgresql(serve: Serve, postgresql: str) -> None:
    settings = Settings(postgresql, attempts=AttemptPolicy(4, 0.0), limits=GENEROUS)
    served = serve(settings)
    teacher = served.teacher("Ada")
    student = served.student("Bo", "Ada")
    question = served.lesson(teacher)
    first = student.hand_in(question, "The axis is tilted. \0 🙂", key="k")
    assert student.hand_in(question, "The axis is tilted. \0 🙂", key="k") == first
    assert student.hand_in(question, "idk")["reason"] == "refusal"
    teacher.change_grade(question, teacher.graded(question)[0]["id"], 1)
    teacher.grade_submission(question, first["id"], 1.5)
    served.stop()

    served = serve(settings)
    teacher, student = Client(served.url, teacher._token), Client(served.url, student._token)
    assert [item["grade"] for item in student.submissions(question)] == [1.5, 0]
    assert len(teacher.graded(question)) == len(GRADED) + 1
    assert [item["kind"] for item in teacher.audit(question)] == ["graded", "graded"]
    student.hand_in(question, "the tilt")
    student.hand_in(question, "the tilt of the axis")
    with pytest.raises(ClientError, match="no_attempts_left"):
        student.hand_in(question, "the tilt of the axis of the Earth")
    teacher.delete_question(question)
    assert teacher.questions() == []
