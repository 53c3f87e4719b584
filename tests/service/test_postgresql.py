"""The same lesson on a real PostgreSQL server, where one is installed."""

from collections.abc import Iterator

import pytest

from service.client import Client, ClientError
from service.settings import AttemptPolicy, Settings
from tests.postgresql_server import running_postgresql

from .conftest import GENEROUS, GRADED, Serve


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The URL of an empty database."""
    with running_postgresql() as url:
        yield url


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
