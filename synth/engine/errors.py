"""What can go wrong between us and an endpoint, sorted by what to do about it."""

from __future__ import annotations

from typing import ClassVar


class EngineError(RuntimeError):
    """The endpoint cannot be used as asked (key, model, address): the run stops at once, finished work is kept."""

    exit_code: ClassVar[int] = 4


class RequestError(RuntimeError):
    """One request failed. `reason` is the word it is counted under."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


class RateLimitedError(RequestError):
    """The server asked for patience (429). `retry_after` is its own wish in seconds, if it said one."""

    def __init__(self, detail: str, retry_after: float | None) -> None:
        self.retry_after = retry_after
        super().__init__("rate_limited", detail)


class TransientError(RequestError):
    """Worth another try: timeout, lost connection, 5xx. `retry_after` as in `RateLimitedError`."""

    def __init__(self, reason: str, detail: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(reason, detail)


class RejectedError(RequestError):
    """The server will not answer this request, however often it is asked (4xx)."""

    def __init__(self, detail: str) -> None:
        super().__init__("rejected", detail)
