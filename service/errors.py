"""What can go wrong for a caller, with the status and the code that HTTP clients see. Messages are for people."""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """Base of all errors a caller can act on.

    Args:
        message: what was wrong and what to do.
        field: the field of the request that is to blame.
        retry_after: seconds after which the same request may succeed.
        code: in place of the class's.
    """

    status: ClassVar[int] = 400
    code: str = "bad_request"
    exit_code: ClassVar[int] = 2

    def __init__(
        self, message: str, *, field: str | None = None, retry_after: float | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.field, self.retry_after = message, field, retry_after
        if code is not None:
            self.code = code


class UnauthorisedError(ServiceError):
    """No token, or one that is not known or was revoked."""

    status, code = 401, "unauthorised"


class ForbiddenError(ServiceError):
    """The token's role may not do this."""

    status, code = 403, "forbidden"


class NotFoundError(ServiceError):
    """There is no such thing, or it is somebody else's: the two look the same."""

    status, code = 404, "not_found"


class ConflictError(ServiceError):
    """The request does not fit the present state."""

    status, code = 409, "conflict"


class TooLargeError(ServiceError):
    """A body, file or answer is longer than the stated limit."""

    status, code = 413, "too_large"


class InvalidError(ServiceError):
    """A value cannot be used."""

    status, code = 422, "invalid"


class TooManyError(ServiceError):
    """Too soon, too often, no attempt left, or more work than the queue holds."""

    status, code = 429, "too_many_requests"


class UnavailableError(ServiceError):
    """The database or the encoder failed; nothing was stored, the same request may be sent again."""

    status, code = 503, "unavailable"
    exit_code: ClassVar[int] = 4
