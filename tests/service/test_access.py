"""Who may do what: every endpoint, with every caller. An endpoint that is not in the table fails the test."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from service.access import CSRF_HEADER, CSRF_VALUE, SESSION_COOKIE
from service.client import Client
from service.settings import Settings

from .conftest import Served

CALLERS = ("nobody", "teacher", "student", "other teacher", "other student")
Q = "/api/v1/questions/{question_id}"

# Expected status for: nobody, the teacher, the teacher's student, another teacher, another teacher's student.
EVERYBODY = (200,) * 5
SIGNED_IN = (401, 200, 200, 200, 200)
SEEN = (401, 200, 200, 404, 404)
OWN = (401, 200, 403, 404, 403)
MATRIX: dict[tuple[str, str], tuple[tuple[int, ...], Any]] = {
    ("GET", "/health"): (EVERYBODY, None),
    ("GET", "/metrics"): (EVERYBODY, None),
    ("GET", "/docs"): (EVERYBODY, None),
    ("GET", "/openapi.json"): (EVERYBODY, None),
    ("POST", "/api/v1/session"): ((401,) * 5, {"token": "ag_wrong"}),
    ("DELETE", "/api/v1/session"): ((401, 204, 204, 204, 204), None),
    ("GET", "/api/v1/me"): (SIGNED_IN, None),
    ("GET", "/api/v1/questions"): (SIGNED_IN, None),
    ("POST", "/api/v1/questions"): ((401, 201, 403, 201, 403), {"text": "Why?", "language": "en", "max_grade": 2}),
    ("GET", Q): (SEEN, None),
    ("PATCH", Q): (OWN, {"text": "Why is it so?"}),
    ("DELETE", Q): ((401, 204, 403, 404, 403), None),
    ("GET", Q + "/graded"): (OWN, None),
    ("POST", Q + "/graded"): (OWN, {"answers": [{"answer": "new", "grade": 1}]}),
    ("POST", Q + "/graded/file"): (OWN, b"answer,grade\nnew,1\n"),
    ("PATCH", Q + "/graded/{answer_id}"): (OWN, {"grade": 1}),
    ("DELETE", Q + "/graded/{answer_id}"): ((401, 204, 403, 404, 403), None),
    ("POST", Q + "/grade"): (OWN, {"answers": ["new"]}),
    ("POST", Q + "/submissions"): ((401, 403, 201, 403, 404), {"answer": "the tilt"}),
    ("GET", Q + "/submissions"): (SEEN, None),
    ("POST", Q + "/submissions/{submission_id}/grade"): (OWN, {"grade": 1}),
    ("POST", Q + "/regrade"): (OWN, None),
    ("GET", Q + "/suggest"): (OWN, None),
    ("GET", Q + "/distribution"): (OWN, None),
    ("POST", Q + "/suite"): ((401, 202, 403, 404, 403), None),
    ("GET", "/api/v1/jobs/{job}"): ((401, 200, 403, 404, 403), None),
    ("GET", Q + "/export.csv"): (OWN, None),
    ("GET", Q + "/export.xlsx"): (OWN, None),
    ("GET", Q + "/lti.json"): (OWN, None),
    ("GET", Q + "/audit"): (OWN, None),
}
PAGES = {("GET", "/"), ("GET", "/teacher"), ("GET", "/student"), ("MOUNT", "/static")}


def endpoints(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path that the application answers to."""
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    yield from described
    for route in app.routes:
        path = getattr(route, "path", None)
        if path is None:
            # Routers that were included; what they hold is described above, or hidden and listed here.
            for inner in getattr(getattr(route, "original_router", None), "routes", ()):
                yield from ((method, inner.path) for method in inner.methods)
        else:
            yield from ((method, path) for method in getattr(route, "methods", None) or ("MOUNT",))


def test_every_endpoint_is_in_the_table(served: Served) -> None:
    found = {(method, path) for method, path in endpoints(served.app) if method != "HEAD"}
    assert found == set(MATRIX) | PAGES


def call(url: str, method: str, client: Client | None, body: Any, headers: dict[str, str] | None = None) -> int:
    """The status of one request."""
    content = None
    sent = {} if client is None else {"Authorization": f"Bearer {client._token}"}
    if isinstance(body, bytes):
        content = (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n' + body + b"\r\n--x--\r\n"
        )
        sent["Content-Type"] = "multipart/form-data; boundary=x"
    elif body is not None:
        content = json.dumps(body).encode()
        sent["Content-Type"] = "application/json"
    request = urllib.request.Request(url, content, {**sent, **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        told = json.loads(error.read())["error"]
        assert told["code"] and told["message"]
        return error.code


@pytest.fixture(scope="module")
def callers(served: Served, teacher: Client, student: Client) -> dict[str, Client | None]:
    return {
        "nobody": None,
        "teacher": teacher,
        "student": student,
        "other teacher": served.teacher("Eve"),
        "other student": served.student("Fay", "Eve"),
    }


@pytest.mark.parametrize(("method", "path"), sorted(MATRIX))
def test_every_caller_gets_what_is_theirs(
    served: Served, teacher: Client, student: Client, callers: dict[str, Client | None], method: str, path: str
) -> None:
    expected, body = MATRIX[method, path]
    found = []
    question = places = None
    # The teacher comes last: what they are allowed to do may end the question.
    order = sorted(CALLERS, key=lambda caller: caller == "teacher")
    for caller in order:
        if question is None and "{" in path:
            question = served.lesson(teacher)
            places = {
                "question_id": question,
                "answer_id": teacher.graded(question)[0]["id"],
                "submission_id": student.hand_in(question, "The axis is tilted.")["id"],
                "job": teacher._call("POST", f"/questions/{question}/suite")["job"] if "{job}" in path else "",
            }
        found.append(call(served.url + path.format(**(places or {})), method, callers[caller], body))
    assert dict(zip(order, found, strict=True)) == dict(zip(CALLERS, expected, strict=True))


def test_a_closed_question_is_not_there_for_students(
    served: Served, teacher: Client, student: Client, question: str
) -> None:
    teacher.change_question(question, open=False)
    url = f"{served.url}/api/v1/questions/{question}"
    assert call(url, "GET", student, None) == 404
    assert call(url + "/submissions", "POST", student, {"answer": "x"}) == 404
    assert question not in [item["id"] for item in student.questions()]


def test_a_student_sees_no_other_students_answers(served: Served, teacher: Client, question: str) -> None:
    one, two = served.student(f"One {question}", "Ada"), served.student(f"Two {question}", "Ada")
    one.hand_in(question, "The axis is tilted.")
    assert two.submissions(question) == []
    assert len(one.submissions(question)) == len(teacher.submissions(question)) == 1


def test_revoked_tokens_open_nothing(served: Served, teacher: Client) -> None:
    student = served.student("Gil", "Ada")
    assert student.me()["name"] == "Gil"
    served.classroom.accounts.revoke("student", "Gil", "Ada")
    assert call(served.url + "/api/v1/me", "GET", student, None) == 401


def test_sessions_of_the_pages(served: Served, teacher: Client) -> None:
    url = served.url + "/api/v1"
    request = urllib.request.Request(
        f"{url}/session", json.dumps({"token": teacher._token}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        header = response.headers["Set-Cookie"]
        assert json.loads(response.read()) == {"role": "teacher", "name": "Ada"}
    assert "HttpOnly" in header and "SameSite=strict" in header
    assert teacher._token not in header
    cookie = {"Cookie": header.split(";")[0]}
    assert cookie["Cookie"].startswith(SESSION_COOKIE)
    body = {"text": "Why?", "language": "en", "max_grade": 1}
    assert call(f"{url}/me", "GET", None, None, cookie) == 200
    assert call(f"{url}/questions", "POST", None, body, cookie) == 403
    own = {**cookie, CSRF_HEADER: CSRF_VALUE}
    assert call(f"{url}/questions", "POST", None, body, own) == 201
    assert call(f"{url}/session", "DELETE", None, None, own) == 204
    assert call(f"{url}/me", "GET", None, None, cookie) == 401


def test_tokens_are_not_in_the_database(served: Served, teacher: Client, student: Client) -> None:
    for file in [served.classroom.settings.database, served.classroom.settings.database + "-wal"]:
        with open(file, "rb") as stream:  # noqa: PTH123
            content = stream.read()
        assert teacher._token.encode() not in content
        assert student._token.encode() not in content


def test_guessing_tokens_ends_soon(serve, tmp_path) -> None:
    served = serve(Settings(str(tmp_path / "a.db")))
    statuses = [call(f"{served.url}/api/v1/me", "GET", Client(served.url, f"ag_{n}"), None) for n in range(25)]
    assert statuses[:20] == [401] * 20
    assert statuses[-1] == 429


def test_cross_origin_requests_are_not_invited(served: Served) -> None:
    request = urllib.request.Request(
        f"{served.url}/api/v1/me",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"},
        method="OPTIONS",
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert not [name for name in caught.value.headers if name.lower().startswith("access-control")]
