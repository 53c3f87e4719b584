"""The client's documentation is true, and it tries again only what may be tried again."""

import doctest
import socket
import threading
from pathlib import Path

import pytest

import service.client
from service.client import Client, ClientError

from .conftest import Served


def test_the_example_in_the_documentation_works(served: Served) -> None:
    names = {"teacher": served.teacher("Doc"), "student": served.student("Tess", "Doc"), "Client": Client}
    result = doctest.testmod(service.client, extraglobs=names)
    assert result.attempted >= 6
    assert result.failed == 0


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}", "ag_x")
    with pytest.raises(ClientError, match="gave no answer") as caught:
        client.hand_in("ab", "x", tries=2)
    assert caught.value.status == 0
    with pytest.raises(ValueError, match="not an http"):
        Client("file:///etc/passwd", "x")


def test_an_upload_that_is_not_there(teacher: Client, question: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        teacher.upload_graded(question, tmp_path / "none.csv")


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reply() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n")

        thread = threading.Thread(target=reply, daemon=True)
        thread.start()
        client = Client(f"http://127.0.0.1:{listening.getsockname()[1]}", "ag_x")
        with pytest.raises(ClientError, match="gave no answer") as caught:
            client.hand_in("ab", "x", tries=2)
        assert caught.value.status == 0
        thread.join(10)
