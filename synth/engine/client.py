"""The one place that talks to an endpoint: any server with OpenAI's chat completions, through the openai client."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from synth.engine.errors import EngineError, RateLimitedError, RejectedError, TransientError
from synth.engine.log import LoggedResponse
from synth.engine.request import PromptRequest
from synth.engine.tokens import estimated_tokens
from synth.retry_after import retry_after
from synth.text import whole_characters

if TYPE_CHECKING:
    import openai

Structured = Literal["auto", "schema", "json", "prompt"]
"""How JSON is asked for: by schema, as any JSON object, in the prompt only; `auto` tries them in this order."""

_FALLBACK: Mapping[Structured, Structured] = {"schema": "json", "json": "prompt"}
_FATAL_STATUS = {401: "the key is not accepted", 403: "the key may not do this", 404: "no such model or address"}
_TRANSIENT_STATUS = frozenset({408, 409, 425, 500, 502, 503, 504, 520, 522, 524, 529})
_NO_KEY = (
    "no key: set {variable} to the endpoint's key, or name a server of your own with --base-url "
    "(one that needs no key takes any)"
)


class ChatClient:
    """Sends requests. Retries nothing itself: the engine counts, waits and tries again.

    Raises:
        EngineError: there is no key for an endpoint that needs one.
    """

    def __init__(
        self,
        base_url: str | None = None,
        key_variable: str = "OPENAI_API_KEY",
        timeout: float = 120.0,
        concurrency: int = 32,
        structured: Structured = "auto",
    ) -> None:
        self.timeout = timeout
        self._automatic = structured == "auto"
        self._structured: Structured = "schema" if structured == "auto" else structured
        self._client = openai_client(key_variable, base_url, timeout, concurrency)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._client.close()

    async def send(self, request: PromptRequest) -> LoggedResponse:
        """Ask once and wait for the reply.

        Raises:
            EngineError: key or model are wrong, or the account has no money left; no request will succeed.
            RateLimitedError: 429.
            TransientError: timeout, lost connection, 5xx, or a reply that is no chat completion.
            RejectedError: the server refuses this very request.
        """
        import openai

        started = time.monotonic()
        while True:
            structured: Structured = "prompt" if request.schema is None else self._structured
            try:
                async with asyncio.timeout(self.timeout):
                    # The client's own `post`: `chat.completions.create` checks every field of a body that is right by
                    # construction and builds an object of the reply, which is a third of its time.
                    reply = await self._client.post(
                        "/chat/completions", cast_to=object, body=request_body(request, structured)
                    )
                return self.read(request, reply, seconds=time.monotonic() - started)
            except openai.BadRequestError as error:
                if not self._falls_back(structured, error):
                    raise RejectedError(_said(error)) from error
            except (TimeoutError, openai.APITimeoutError) as error:
                raise TransientError("timeout", f"no reply within {self.timeout:g} s") from error
            except openai.APIStatusError as error:
                raise _sorted_status(error) from error
            except (openai.APIResponseValidationError, ValueError) as error:
                raise TransientError("no_completion", f"the reply is no JSON ({error})"[:300]) from error
            except openai.APIConnectionError as error:
                raise TransientError("connection", f"{error} ({error.__cause__})") from error

    def read(self, request: PromptRequest, reply: Any, seconds: float) -> LoggedResponse:
        """What the log keeps of a reply; a client that needs more of it than the text keeps that too."""
        return logged_reply(request, reply, seconds)

    def _falls_back(self, structured: Structured, error: openai.BadRequestError) -> bool:
        """Ask with less structure from now on, where the server says that it does not know this one."""
        if structured not in _FALLBACK or not self._automatic:
            return False
        said = str(error).casefold()
        if not any(word in said for word in ("response_format", "json_schema", "json_object", "schema", "grammar")):
            return False
        if self._structured == structured:
            self._structured = _FALLBACK[structured]
        return True


def openai_client(key_variable: str, base_url: str | None, timeout: float, concurrency: int) -> openai.AsyncOpenAI:
    """The client of the openai package, without retries of its own.

    Raises:
        EngineError: there is no key for an endpoint that needs one.
    """
    key = os.environ.get(key_variable)
    if not key and base_url is None and not os.environ.get("OPENAI_BASE_URL"):
        raise EngineError(_NO_KEY.format(variable=key_variable))
    import openai

    # The transport's own pool must not be narrower than what the engine lets fly.
    limits = {"max_connections": concurrency + 8, "max_keepalive_connections": concurrency + 8}
    try:
        import aiohttp  # noqa: F401

        transport = openai.DefaultAioHttpClient
    except ImportError:
        transport = openai.DefaultAsyncHttpxClient
    default_limits = type(openai.DEFAULT_CONNECTION_LIMITS)
    http_client = transport(limits=default_limits(**limits), timeout=timeout)
    return openai.AsyncOpenAI(
        api_key=key or "none", base_url=base_url, timeout=timeout, max_retries=0, http_client=http_client
    )


def request_body(request: PromptRequest, structured: Structured) -> dict[str, Any]:
    """The body of a chat completion request."""
    parameters = dict(request.parameters)
    body: dict[str, Any] = {"model": request.model, "messages": request.messages}
    body |= parameters.pop("extra_body", {})
    body |= parameters
    if request.schema is not None and structured == "json":
        body["response_format"] = {"type": "json_object"}
    elif request.schema is not None and structured == "schema":
        schema = {"name": "reply", "schema": dict(request.schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def logged_reply(request: PromptRequest, reply: Any, seconds: float, source: str = "live") -> LoggedResponse:
    """A chat completion as the log keeps it.

    Raises:
        TransientError: the reply is no chat completion.
    """
    try:
        choice = reply["choices"][0]
        message = choice["message"]
        content = whole_characters(message.get("content") or message.get("refusal") or "")
        usage = reply.get("usage") or {}
        estimated = not {"prompt_tokens", "completion_tokens"} <= usage.keys()
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise TransientError("no_completion", f"no chat completion ({error!r}): {str(reply)[:200]}") from error
    return LoggedResponse(
        key=request.key,
        content=content,
        finish_reason=choice.get("finish_reason"),
        request_id=reply.get("id"),
        prompt_tokens=estimated_tokens(request.prompt) if estimated else int(usage["prompt_tokens"]),
        completion_tokens=estimated_tokens(content) if estimated else int(usage["completion_tokens"]),
        estimated=estimated,
        source=source,
        seconds=round(seconds, 3),
    )


def _said(error: openai.APIStatusError) -> str:
    return f"HTTP {error.status_code}: {error.message}"[:500]


def _sorted_status(error: openai.APIStatusError) -> Exception:
    status = error.status_code
    if status == 429:
        if getattr(error, "code", None) == "insufficient_quota":
            return EngineError(f"the account has no money left ({_said(error)}); add some and run again")
        return RateLimitedError(_said(error), _retry_after(error))
    if status in _FATAL_STATUS:
        return EngineError(f"{_FATAL_STATUS[status]} ({_said(error)}); correct it and run again")
    if status in _TRANSIENT_STATUS or status >= 500:
        return TransientError("server_error", _said(error), _retry_after(error))
    return RejectedError(_said(error))


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds the server asks to wait: `retry-after-ms`, `Retry-After` in seconds or as a date."""
    headers = error.response.headers
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        pass
    return retry_after(headers)
