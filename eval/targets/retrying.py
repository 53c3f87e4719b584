"""When to ask an HTTP server again, and how long to wait before."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from eval.targets.base import TargetError, TargetExhaustedError

PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""Statuses that may be another the next time."""
FIRST_WAIT = 0.25
LONGEST_WAIT = 30.0
LONGEST_WISH = 300.0
"""Seconds; a server that asks for more patience than this is not waited for."""

Reply = TypeVar("Reply")


class PassingError(Exception):
    """An error worth another try. `wish` is the server's `Retry-After` in seconds, or None.

    An error that is a `TargetExhaustedError` says that the server counts queries: it passes when the server will take
    more within our patience.
    """

    def __init__(self, error: TargetError, wish: float | None = None) -> None:
        self.error = error
        self.wish = wish
        super().__init__(str(error))


@dataclass
class Patience:
    """Exponential waiting with full jitter, never shorter than the server asked for; seeded."""

    retries: int
    first_wait: float = FIRST_WAIT
    rng: random.Random = field(default_factory=lambda: random.Random(0))

    async def insist(self, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        """What `ask` returns, asked again up to `retries` times after a `PassingError`.

        Raises:
            TargetError: the last error, when no try was left.
        """
        failures = 0
        while True:
            try:
                return await ask()
            except PassingError as passing:
                failures += 1
                error, wish = passing.error, passing.wish or 0.0
                if failures > self.retries or wish > LONGEST_WISH:
                    times = f" ({failures} tries)" if failures > 1 else ""
                    detail = f"{error.detail}{times}"
                    if wish > LONGEST_WISH:
                        detail += f"; the server asks to wait for {wish:.0f} s"
                    if isinstance(error, TargetExhaustedError):
                        raise TargetExhaustedError(detail, error.question, error.answer) from passing
                    raise TargetError(error.fault, detail, error.question, error.answer) from passing
            await asyncio.sleep(wish + self.rng.uniform(0.0, min(LONGEST_WAIT, self.first_wait * 2.0**failures)))
