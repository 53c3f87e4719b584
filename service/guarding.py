"""What stands around every request: size limit, security headers, metrics, errors without insides."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from service.errors import ServiceError
from service.metrics import Metrics
from service.settings import Limits

LOG = logging.getLogger("answergate.service")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
UPLOAD_SUFFIX = "/graded/file"
DRAINED = 4
"""So many times the limit is read of a body that is too long, so that its sender hears why."""


class Guarding:
    """ASGI middleware around the whole application."""

    def __init__(self, app: App, limits: Limits, metrics: Metrics, https: bool) -> None:
        self._app, self._limits, self._metrics = app, limits, metrics
        self._headers = dict(HEADERS)
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                begun, status = True, message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                added = dict(self._headers)
                if scope["path"].startswith("/api/"):
                    added["Cache-Control"] = "no-store"
                message["headers"] = [
                    *message["headers"],
                    *((n.encode(), v.encode()) for n, v in added.items() if n.lower().encode() not in present),
                ]
            await send(message)

        limit = self._limits.file_bytes if scope["path"].endswith(UPLOAD_SUFFIX) else self._limits.body_bytes
        try:
            body = await _whole_body(receive, limit)
            if body is None:
                await error_response(413, "too_large", f"at most {limit} bytes are taken")(scope, receive, guarded)
            else:
                await self._app(scope, _replay(body, receive), guarded)
        except Exception:
            LOG.exception("%s %s failed", scope["method"], _route(scope))
            if begun:
                raise
            message = "the server failed; its log says why"
            await error_response(500, "internal", message)(scope, receive, guarded)
        finally:
            route = _route(scope)
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.latency.labels(route).observe(time.perf_counter() - started)


def error_response(
    status: int, code: str, message: str, field: str | None = None, retry_after: float | None = None
) -> JSONResponse:
    """The one shape of every error."""
    error = {"code": code, "message": message} | ({} if field is None else {"field": field})
    headers = {} if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": error}, status, headers)


def add_error_handlers(app: FastAPI) -> None:
    """Turn every exception a request can meet into `error_response`."""

    @app.exception_handler(ServiceError)
    async def service_error(request: Request, error: ServiceError) -> JSONResponse:
        return error_response(error.status, error.code, error.message, error.field, error.retry_after)

    @app.exception_handler(RequestValidationError)
    async def validation_error(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        # What was sent is not repeated: it may be long, or no Unicode text.
        places = [str(place) for place in first["loc"] if place not in ("body", "query", "path", "header")]
        field = ".".join(places).encode("utf-8", "replace").decode()
        more = len(error.errors()) - 1
        message = str(first["msg"]) + (f" (and {more} more)" if more else "")
        return error_response(422, "invalid", message.encode("utf-8", "replace").decode(), field or None)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        codes = {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}
        response = error_response(error.status_code, codes.get(error.status_code, "http_error"), str(error.detail))
        response.headers.update(error.headers or {})
        return response


async def _whole_body(receive: Receive, limit: int) -> bytes | None:
    """The body, or None when it is longer than the limit; what is too much is read and dropped, up to a point.

    A client that is still sending hears no answer: it only sees its connection break.
    """
    parts: list[bytes] = []
    taken = 0
    while taken <= DRAINED * limit:
        message = await receive()
        part = message.get("body", b"")
        taken += len(part)
        if taken <= limit:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if taken <= limit else None
    return None


def _replay(body: bytes, receive: Receive) -> Receive:
    """A body that was read, for those who read it next; afterwards what the client does (such as leaving)."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


def _route(scope: Message) -> str:
    """The route's pattern, never the path itself: paths hold ids, and there is no end of them."""
    route = scope.get("route")
    return str(getattr(route, "path", "unknown"))
