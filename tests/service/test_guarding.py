"""What stands around requests: headers, size limits, rates, errors that say nothing of the inside."""

import json
import urllib.error
import urllib.request

import pytest

from service.client import Client, ClientError
from service.errors import TooManyError
from service.guarding import HEADERS
from service.rates import RateLimit
from service.settings import Limits, Settings

from .conftest import Serve, Served


def titled(headers) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


def sent(url: str, content: bytes | None, headers: dict[str, str], method: str = "POST") -> tuple[int, dict, dict]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, content, headers, method=method)) as response:
            return response.status, titled(response.headers), {}
    except urllib.error.HTTPError as error:
        return error.code, titled(error.headers), json.loads(error.read())["error"]


def test_every_answer_has_the_security_headers(served: Served, teacher: Client) -> None:
    for path in ("/health", "/docs", "/api/v1/me", "/nothing", "/static/nothing.js"):
        _, headers, _ = sent(served.url + path, None, {}, "GET")
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
        assert "server" not in {name.lower() for name in headers}
    _, headers, _ = sent(served.url + "/api/v1/me", None, {"Authorization": f"Bearer {teacher._token}"}, "GET")
    assert headers["Cache-Control"] == "no-store"
    status, headers, _ = sent(served.url + "/static/icon.svg", None, {}, "GET")
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    again = urllib.request.Request(served.url + "/static/icon.svg", headers={"If-None-Match": headers["Etag"]})
    with pytest.raises(urllib.error.HTTPError, match="304"):
        urllib.request.urlopen(again)
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


def test_behind_https_cookies_and_browsers_stay_there(serve: Serve, tmp_path) -> None:
    served = serve(Settings(str(tmp_path / "a.db"), behind_https=True))
    token = served.teacher("Ada")._token
    body = json.dumps({"token": token}).encode()
    _, headers, _ = sent(served.url + "/api/v1/session", body, {"Content-Type": "application/json"})
    assert "Secure" in headers["Set-Cookie"]
    assert "Strict-Transport-Security" in headers


@pytest.mark.parametrize("chunked", [False, True])
def test_long_bodies_are_refused_unread(served: Served, student: Client, question: str, chunked: bool) -> None:
    url = f"{served.url}/api/v1/questions/{question}/submissions"
    headers = {"Authorization": f"Bearer {student._token}", "Content-Type": "application/json"}
    content = b'{"answer": "' + b"a" * 1_000_000 + b'"}'
    body = (content[start : start + 65536] for start in range(0, len(content), 65536)) if chunked else content
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    status, _, error = sent(url, body, headers)
    assert (status, error["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"answer": 1}',
        b'{"answer": "a", "more": 1}',
        b'{"answer": "\xff"}',
        b"[" * 100_000,
        b'{"answer": ' + b"1" * 10_000 + b"}",
        b'{"answer": NaN}',
    ],
)
def test_bad_json_is_the_senders_fault(served: Served, student: Client, question: str, content: bytes) -> None:
    url = f"{served.url}/api/v1/questions/{question}/submissions"
    headers = {"Authorization": f"Bearer {student._token}", "Content-Type": "application/json"}
    status, _, error = sent(url, content, headers)
    assert status in (400, 422)
    assert error["message"]


def test_what_breaks_inside_stays_inside(served: Served, teacher: Client, question: str) -> None:
    def broken(*arguments):
        raise RuntimeError("a secret")

    lessons = served.classroom.lessons
    lessons.get, kept = broken, lessons.get
    try:
        with pytest.raises(ClientError) as caught:
            teacher.graded(question)
    finally:
        lessons.get = kept
    assert (caught.value.status, caught.value.code) == (500, "internal")
    assert "secret" not in caught.value.message and "Traceback" not in caught.value.message
    assert teacher.graded(question)


def test_who_asks_too_often_waits(serve: Serve, tmp_path) -> None:
    limits = Limits(student_requests_per_second=2)
    served = serve(Settings(str(tmp_path / "a.db"), limits=limits))
    served.teacher("Ada")
    student, other = served.student("Bo", "Ada"), served.student("Cy", "Ada")
    with pytest.raises(ClientError) as caught:
        for _ in range(20):
            student.me()
    assert (caught.value.status, caught.value.code, caught.value.retry_after) == (429, "too_many_requests", 1)
    assert other.me()["name"] == "Cy"


def test_buckets_fill_again() -> None:
    limit = RateLimit(per_second=1000, burst=2)
    limit.take("a")
    limit.check("a")
    limit.take("b")
    limit.take("a")
    slow = RateLimit(per_second=1e-6, burst=1)
    slow.take("a")
    with pytest.raises(TooManyError) as caught:
        slow.take("a")
    assert caught.value.retry_after == pytest.approx(1e6, rel=0.01)
