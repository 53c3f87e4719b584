"""What a user of this room can act on."""

from __future__ import annotations

from typing import ClassVar


class UsageError(ValueError):
    """A command or a setting makes no sense as given; the message says what to give instead."""

    exit_code: ClassVar[int] = 2
