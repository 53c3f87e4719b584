"""An HTTP endpoint that grades, whatever its JSON looks like."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from eval.targets.base import Target, TargetConfigError, TargetError, TargetExhaustedError, TargetGrade, shown
from eval.targets.exchange import asked, read_grades, read_reply
from eval.targets.kinds import TargetKind
from eval.targets.retrying import PASSING, PassingError, Patience
from eval.targets.settings import TargetSettings
from synth.graded import GradedAnswer, GradedQuestion
from synth.retry_after import retry_after

if TYPE_CHECKING:
    import aiohttp
    import jinja2

BATCH = 32
FROM_ENVIRONMENT = "env:"
TOO_MANY_REQUESTS = 429


class HttpTarget:
    """Posts batches of answers and reads grades from the replies.

    Without templates it posts what `eval.targets.exchange.asked` gives and reads what that module describes. `request`
    is a Jinja template of the body (variables `question`, `support`, `answers`, and `answer`, the first of them);
    `response` is one that turns `reply` (the decoded JSON, or the text where it is none) into such a reply, with the
    same variables at hand. A template that renders no JSON as a request is sent as plain text. `url` may be a template
    too, for endpoints that have the question in the path.

    A 429 that lasts, or asks for more patience than `retrying.LONGEST_WISH`, says that this question is exhausted: what
    was graded before comes with the error, and nothing more is posted.
    """

    def __init__(
        self,
        url: str,
        name: str,
        headers: Mapping[str, str] | None = None,
        request: str | None = None,
        response: str | None = None,
        timeout: float = 60.0,
        retries: int = 4,
        concurrency: int = 8,
        batch: int = BATCH,
    ) -> None:
        self.name = name
        self._url = _template(url, "address")
        self._headers = {"user-agent": "answergate", **(headers or {})}
        self._batch = batch
        self._request = None if request is None else _template(request, "request")
        self._response = None if response is None else _template(response, "response")
        self._patience = Patience(retries)
        self._timeout = timeout
        self._concurrency = concurrency
        self._session: aiohttp.ClientSession | None = None
        # One loop for all calls, so that connections stay open between questions.
        self._runner = asyncio.Runner()

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """See `Target.grade`."""
        return self._runner.run(self._grade(question, support, answers))

    def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            self._runner.run(self._session.close())
        self._runner.close()

    async def _grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                connector=aiohttp.TCPConnector(limit=self._concurrency),
                trust_env=True,
            )
        turns = _Turns(self._concurrency)
        parts = [answers[start : start + self._batch] for start in range(0, len(answers), self._batch)]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._grade_part(question, support, part, turns)) for part in parts]
        except BaseExceptionGroup as several:
            # The first in order, so that the same failure gives the same message.
            failed = (task for task in tasks if task.done() and not task.cancelled() and task.exception())
            raise next((error for task in failed if (error := task.exception())), several.exceptions[0]) from None
        results = [result for task in tasks for result in task.result()]
        if turns.over is not None:
            raise TargetExhaustedError(turns.over.detail, question.text, graded=results)
        return [result for result in results if result is not None]

    async def _grade_part(
        self,
        question: GradedQuestion,
        support: Sequence[GradedAnswer],
        answers: Sequence[str],
        turns: _Turns,
    ) -> Sequence[TargetGrade | None]:
        """Grades of a part; None for each of its answers when the target takes no more."""
        variables = asked(question, support, answers)
        url, body = _rendered(self._url, "address", variables), self._body(variables)
        try:
            async with turns.one:
                if turns.over is not None:
                    return [None] * len(answers)
                reply = await self._patience.insist(lambda: self._posted(url, body, len(answers)))
            if self._response is None:
                return read_reply(reply, answers)
            return read_grades(self._mapped(reply, variables), answers)
        except TargetExhaustedError as error:
            turns.over = turns.over or error
            return [None] * len(answers)
        except TargetError as error:
            raise error.at(question.text, answers[0] if len(answers) == 1 else None) from error

    def _body(self, variables: Mapping[str, Any]) -> tuple[bytes, str]:
        """The request's body and its type."""
        if self._request is None:
            return json.dumps(variables).encode(), "application/json"
        text = _rendered(self._request, "request", {**variables, "answer": variables["answers"][0]})
        try:
            return json.dumps(json.loads(text)).encode(), "application/json"
        except ValueError:
            return text.encode("utf-8", "replace"), "text/plain; charset=utf-8"

    async def _posted(self, url: str, body: tuple[bytes, str], count: int) -> bytes:
        import aiohttp

        assert self._session is not None
        content, kind = body
        try:
            # A redirected POST becomes a GET without its body, so redirects are told rather than followed.
            async with self._session.post(
                url, data=content, headers={"content-type": kind}, allow_redirects=False
            ) as response:
                reply = await response.read()
        except TimeoutError as error:
            detail = f"no reply within {self._timeout:g} s for a batch of {count} answers"
            raise PassingError(TargetError("timeout", detail)) from error
        except aiohttp.ClientError as error:
            raise PassingError(TargetError("unreachable", f"{type(error).__name__}: {error}")) from error
        if response.status < 300:
            return reply
        detail = f"HTTP {response.status}: {shown(reply.decode('utf-8', 'replace'), 200)}"
        if response.status == TOO_MANY_REQUESTS:
            raise PassingError(TargetExhaustedError(detail), retry_after(response.headers))
        if response.status in PASSING:
            raise PassingError(TargetError("unreachable", detail), retry_after(response.headers))
        raise TargetError("refused", detail)

    def _mapped(self, reply: bytes, variables: Mapping[str, Any]) -> Any:
        assert self._response is not None
        try:
            value: Any = json.loads(reply)
        except ValueError:
            value = reply.decode("utf-8", "replace")
        try:
            rendered = _rendered(self._response, "response", {**variables, "reply": value})
        except TargetConfigError as error:
            raise TargetError("garbage", f"{error}; the reply is {shown(repr(value), 200)}") from error
        try:
            return json.loads(rendered)
        except ValueError as error:
            detail = f"the response template gives no JSON ({error}): {shown(rendered, 200)}"
            raise TargetError("garbage", detail) from error


class _Turns:
    """What the requests of one call share: how many may be under way, and whether the target takes more.

    The gate and not the pool: a request that waits for its turn must not run out of time. A request that was told to
    wait keeps its turn, so that the ones behind it do not use up their tries against the same limit.
    """

    def __init__(self, concurrency: int) -> None:
        self.one = asyncio.Semaphore(concurrency)
        self.over: TargetExhaustedError | None = None


def read_headers(headers: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Headers with their `env:NAME` values filled in (also behind a word, as in `Bearer env:NAME`).

    Raises:
        TargetConfigError: the environment has no such variable.
    """
    filled = {}
    for name, value in headers.items():
        before, marker, variable = value.partition(FROM_ENVIRONMENT)
        if marker and variable not in environment:
            raise TargetConfigError(f"header {name}: the environment has no variable {variable}; export it")
        filled[name] = before + environment[variable] if marker else value
    return filled


def _template(source: str, what: str) -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=False)
    # Jinja's own filter writes < and & as codes, which a grader that does not decode JSON would see.
    environment.filters["tojson"] = json.dumps
    try:
        return environment.from_string(source)
    except jinja2.TemplateSyntaxError as error:
        raise TargetConfigError(f"{what} template, line {error.lineno}: {error.message}") from error


def _rendered(template: jinja2.Template, what: str, variables: Mapping[str, Any]) -> str:
    import jinja2

    try:
        return template.render(**variables).strip()
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        there = ", ".join(variables)
        raise TargetConfigError(f"{what} template: {error}; it may use {there}") from error


def _public(url: str) -> str:
    """The address without user, password and query, any of which may be a secret."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _read(path: Path | None, what: str) -> str | None:
    try:
        return None if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetConfigError(f"{path}: cannot read the {what} template ({error}); check the path") from error


@contextmanager
def _opened(settings: TargetSettings) -> Iterator[tuple[Target, dict[str, object]]]:
    public = _public(settings.target)
    request, response = _read(settings.request, "request"), _read(settings.response, "response")
    target = HttpTarget(
        settings.target,
        settings.name or public,
        read_headers(settings.headers),
        request,
        response,
        settings.timeout,
        settings.retries,
        settings.concurrency,
        settings.batch or BATCH,
    )
    try:
        yield target, {"url": public, "request": request, "response": response}
    finally:
        target.close()


KIND = TargetKind(
    name="http",
    form="https://HOST/PATH",
    summary="an endpoint that takes and gives JSON, of its own shape with two small templates",
    claims=lambda target: target.startswith(("http://", "https://")),
    opened=_opened,
)
