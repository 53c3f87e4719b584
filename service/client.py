"""A small client of the service: the standard library alone, one method per endpoint.

>>> from service.client import Client
>>> teacher = Client("http://127.0.0.1:8000", "ag_…")                            # doctest: +SKIP
>>> question = teacher.add_question("Why do we have seasons?", "en", 2, open=True)
>>> graded = [("The axis of the Earth is tilted.", 2), ("Winter is cold because of snow.", 0)]
>>> teacher.add_graded(question["id"], graded)["added"]
2
>>> teacher.grade(question["id"], ["Why do we have seasons?"])["results"][0]["reason"]
'copied-question'
>>> student.hand_in(question["id"], "idk")["grade"]
0.0
>>> [item["reason"] for item in teacher.submissions(question["id"])]
['refusal']
"""

from __future__ import annotations

import http.client
import json
import secrets
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

Json = Any


class ClientError(RuntimeError):
    """The server refused or failed; `status` and `code` say how, `retry_after` (seconds or None) when to come back.

    `status` is 0 when there was no answer at all.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, status: int, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


class Client:
    """Talks to one server with one token.

    Args:
        url: the server's address, such as `http://127.0.0.1:8000`.
        token: a teacher's or a student's.
        timeout: seconds to wait for an answer.

    Every method returns the endpoint's JSON and raises `ClientError` when the server refuses or cannot be reached.
    """

    def __init__(self, url: str, token: str, timeout: float = 60.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not an http or https address")
        self._base, self._token, self._timeout = url.rstrip("/"), token, timeout

    def me(self) -> Json:
        """{role, name}"""
        return self._call("GET", "/me")

    def questions(self) -> Json:
        """A teacher's own, or those open to a student."""
        return self._call("GET", "/questions")

    def add_question(self, text: str, language: str, max_grade: float, **more: Any) -> Json:
        """`more`: reference_answers, accepted_languages, open."""
        body = {"text": text, "language": language, "max_grade": max_grade, **more}
        return self._call("POST", "/questions", body)

    def question(self, question: str) -> Json:
        """One question by its id."""
        return self._call("GET", f"/questions/{quote(question)}")

    def change_question(self, question: str, **changes: Any) -> Json:
        """For example `open=True`."""
        return self._call("PATCH", f"/questions/{quote(question)}", changes)

    def delete_question(self, question: str) -> None:
        """Remove it with all answers."""
        self._call("DELETE", f"/questions/{quote(question)}")

    def graded(self, question: str) -> Json:
        """Graded answers."""
        return self._call("GET", f"/questions/{quote(question)}/graded")

    def add_graded(self, question: str, answers: Iterable[tuple[str, float]]) -> Json:
        """{added, errors}; with errors nothing was stored."""
        body = {"answers": [{"answer": text, "grade": grade} for text, grade in answers]}
        return self._call("POST", f"/questions/{quote(question)}/graded", body)

    def upload_graded(self, question: str, path: Path) -> Json:
        """A CSV, XLSX or JSON Lines file with the columns `answer` and `grade`."""
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quote(path.name)}"\r\n\r\n'
        content = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._send("POST", f"/questions/{quote(question)}/graded/file", content, headers)

    def change_grade(self, question: str, answer: int, grade: float) -> Json:
        """{graded, submissions, milliseconds}: everything is graded again."""
        return self._call("PATCH", f"/questions/{quote(question)}/graded/{answer}", {"grade": grade})

    def delete_graded(self, question: str, answer: int) -> None:
        """Forget a graded answer."""
        self._call("DELETE", f"/questions/{quote(question)}/graded/{answer}")

    def grade(self, question: str, answers: Iterable[str]) -> Json:
        """Grade without keeping."""
        return self._call("POST", f"/questions/{quote(question)}/grade", {"answers": list(answers)})

    def hand_in(self, question: str, answer: str, key: str | None = None, tries: int = 3) -> Json:
        """Hand in an answer. Sent again after a lost connection or a busy server, it is still stored once.

        Args:
            key: the attempt's idempotency key; by default a new one.
            tries: how often to send at most. "Too soon" and "no attempts left" are not tried again.
        """
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
        for left in range(tries - 1, -1, -1):
            try:
                return self._call("POST", f"/questions/{quote(question)}/submissions", {"answer": answer}, headers)
            except ClientError as error:
                passing = error.status in (0, 503) or error.code in ("busy", "in_progress")
                if not passing or not left:
                    raise
                time.sleep(error.retry_after or 1.0)
        raise ValueError("tries must be at least 1")

    def submissions(self, question: str) -> Json:
        """Every student's for a teacher, a student's own."""
        return self._call("GET", f"/questions/{quote(question)}/submissions")

    def grade_submission(self, question: str, submission: int, grade: float) -> Json:
        """The teacher's grade; the answer joins the graded ones."""
        return self._call("POST", f"/questions/{quote(question)}/submissions/{submission}/grade", {"grade": grade})

    def regrade(self, question: str) -> Json:
        """Learn again from the graded answers."""
        return self._call("POST", f"/questions/{quote(question)}/regrade")

    def suggest(self, question: str, count: int = 3) -> Json:
        """What to grade next."""
        return self._call("GET", f"/questions/{quote(question)}/suggest?count={count}")

    def distribution(self, question: str) -> Json:
        """{levels, graded, predicted}"""
        return self._call("GET", f"/questions/{quote(question)}/distribution")

    def run_suite(self, question: str, poll: float = 0.5) -> Json:
        """The adversarial suite on this question; waits for the result."""
        job = self._call("POST", f"/questions/{quote(question)}/suite")["job"]
        while True:
            state = self._call("GET", f"/jobs/{job}")
            if state["state"] == "done":
                return state["result"]
            if state["state"] == "failed":
                raise ClientError(0, "job_failed", str(state["error"]))
            time.sleep(poll)

    def export(self, question: str, suffix: str = "csv") -> bytes:
        """The file `export.csv` or `export.xlsx`."""
        content: bytes = self._request("GET", f"/questions/{quote(question)}/export.{suffix}", None, {})
        return content

    def lti_scores(self, question: str) -> Json:
        """Scores with the names of LTI Assignment and Grade Services."""
        return self._call("GET", f"/questions/{quote(question)}/lti.json")

    def audit(self, question: str) -> Json:
        """Everything students sent."""
        return self._call("GET", f"/questions/{quote(question)}/audit")

    def _call(self, method: str, path: str, body: Json = None, headers: Mapping[str, str] | None = None) -> Json:
        content = None if body is None else json.dumps(body).encode()
        kind = {} if content is None else {"Content-Type": "application/json"}
        return self._send(method, path, content, {**kind, **(headers or {})})

    def _send(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]) -> Json:
        answer = self._request(method, path, content, headers)
        return json.loads(answer) if answer else None

    def _request(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]) -> bytes:
        request = urllib.request.Request(
            f"{self._base}/api/v1{path}",
            content,
            {"Authorization": f"Bearer {self._token}", **headers},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:
                # Without a length to read: only so is an answer that ends too early an error.
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            raise _refused(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise ClientError(0, "unreachable", f"{self._base} gave no answer ({error})") from error


def _refused(error: urllib.error.HTTPError) -> ClientError:
    retry_after = error.headers.get("Retry-After")
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    try:
        told = json.loads(error.read(1_000_000))["error"]
        return ClientError(error.code, told["code"], told["message"], seconds)
    except (ValueError, KeyError, TypeError):
        return ClientError(error.code, "http_error", str(error.reason), seconds)
