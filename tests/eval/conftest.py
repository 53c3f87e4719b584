"""A real HTTP server that answers as a test says, and small questions to attack."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from synth.graded import GradedQuestion, read_graded_files

GRADED = Path(__file__).parents[2] / "examples" / "graded.jsonl"
Answer = tuple[int, Any, dict[str, str]]


class JsonServer:
    """Answers every POST with what `respond(body, number)` gives: (status, JSON value or text, headers)."""

    def __init__(self, respond: Callable[[Any, int], Answer]) -> None:
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.in_flight = self.most_in_flight = 0
        lock = threading.Lock()
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                body = json.loads(raw) if raw[:1] in ("{", "[") else raw
                with lock:
                    number = len(served.bodies)
                    served.bodies.append(body)
                    served.paths.append(self.path)
                    served.headers.append({name.lower(): value for name, value in self.headers.items()})
                    served.in_flight += 1
                    served.most_in_flight = max(served.most_in_flight, served.in_flight)
                status, value, headers = respond(body, number)
                with lock:
                    served.in_flight -= 1
                content = value.encode() if isinstance(value, str) else json.dumps(value).encode()
                self.send_response(status)
                for name, text in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, text)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                try:
                    self.wfile.write(content)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *arguments: object) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def json_server() -> Iterator[Callable[[Callable[[Any, int], Answer]], JsonServer]]:
    """Start servers; all are stopped after the test."""
    with ExitStack() as stack:
        yield lambda respond: stack.enter_context(JsonServer(respond))


@pytest.fixture
def chat_server(
    json_server: Callable[[Callable[[Any, int], Answer]], JsonServer],
) -> Callable[[Callable[[str], str]], JsonServer]:
    """Start a server with OpenAI's chat completions; `reply(prompt)` gives the content of the message."""

    def start(reply: Callable[[str], str]) -> JsonServer:
        def respond(body: Any, number: int) -> Answer:
            message = {"role": "assistant", "content": reply(body["messages"][-1]["content"])}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            return 200, {"id": f"r{number}", "object": "chat.completion", "created": 0, "choices": [choice]}, {}

        return json_server(respond)

    return start


@pytest.fixture(scope="session")
def graded_path() -> Path:
    """Three English questions with graded answers."""
    return GRADED


@pytest.fixture(scope="session")
def graded() -> list[GradedQuestion]:
    return read_graded_files([GRADED])
