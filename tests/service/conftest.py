"""A real server over a real socket, with the bundled gate and the real encoder, shared by the tests of this room."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from encoders import Encoder
from relevance.artifact import load_gate
from relevance.gate import Gate
from service.app import create_app
from service.classroom import Classroom
from service.client import Client
from service.server import http_server
from service.settings import AttemptPolicy, Limits, Settings

QUESTION = "Why is it warmer in summer than in winter?"
GRADED = [
    ("The axis of the Earth is tilted, so in summer the sun shines more directly on our half.", 2),
    ("Because of the tilt of the axis the sunlight falls more steeply in summer.", 2),
    ("The earth is tilted towards the sun, the days are longer and the light is stronger.", 2),
    ("In summer our hemisphere leans towards the sun and gets more direct light.", 2),
    ("the axis is tilted", 1),
    ("In summer the days are longer.", 1),
    ("Because the sun is higher in the sky.", 1),
    ("Because the earth is closer to the sun in summer.", 0),
    ("The sun burns hotter in summer.", 0),
    ("In winter the clouds keep the warmth away.", 0),
]
GENEROUS = Limits(student_requests_per_second=1e6, teacher_requests_per_second=1e6, failed_logins_per_minute=1e6)


@dataclass
class Served:
    """A running server, and the means to make people for it."""

    url: str
    app: FastAPI
    server: uvicorn.Server
    thread: threading.Thread

    @property
    def classroom(self) -> Classroom:
        return self.app.state.classroom

    def teacher(self, name: str) -> Client:
        return Client(self.url, self.classroom.accounts.add("teacher", name))

    def student(self, name: str, teacher: str) -> Client:
        return Client(self.url, self.classroom.accounts.add("student", name, teacher))

    def lesson(self, teacher: Client) -> str:
        """A new open question with graded answers; its id."""
        question = teacher.add_question(QUESTION, "en", 2, open=True)["id"]
        assert teacher.add_graded(question, GRADED) == {"added": len(GRADED), "errors": []}
        return question

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)


Serve = Callable[[Settings], Served]


def start(settings: Settings, gate: Gate | None) -> Served:
    app = create_app(settings, gate)
    server = http_server(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    return Served(f"http://127.0.0.1:{port}", app, server, thread)


@pytest.fixture(scope="session")
def gate(encoder: Encoder) -> Gate:
    """The gate that schools get."""
    return load_gate(None, encoder)


@pytest.fixture(scope="session")
def question_text() -> str:
    return QUESTION


@pytest.fixture(scope="session")
def graded_answers() -> list[tuple[str, float]]:
    return [(text, float(grade)) for text, grade in GRADED]


@pytest.fixture
def serve(gate: Gate) -> Iterator[Serve]:
    """Starts servers with settings of the test's own; they stop when the test ends."""
    running: list[Served] = []

    def started(settings: Settings) -> Served:
        running.append(start(settings, gate))
        return running[-1]

    yield started
    for served in running:
        served.stop()


@pytest.fixture(scope="session")
def served(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that need nothing special: plenty of attempts, no delay."""
    database: Path = tmp_path_factory.mktemp("service") / "answergate.db"
    running = start(Settings(str(database), attempts=AttemptPolicy(1000, 0.0), limits=GENEROUS), gate)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def teacher(served: Served) -> Client:
    return served.teacher("Ada")


@pytest.fixture(scope="session")
def student(served: Served, teacher: Client) -> Client:
    return served.student("Bo", "Ada")


@pytest.fixture
def question(served: Served, teacher: Client) -> str:
    return served.lesson(teacher)
