"""How many requests may fly at once and per minute, and how long to wait after a 429."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from synth.engine.budget import Budget, Estimate

DECREASE = 0.5


class Limits(BaseModel):
    """What the endpoint bears. Concurrency begins at its maximum, halves on a 429 and grows back one by one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(default=32, ge=1, le=4096)
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    timeout: float = Field(default=120.0, gt=0)
    """Seconds for one request, all in all."""
    retries: int = Field(default=6, ge=0)
    """Tries after the first one, for transient errors. A 429 is no error and is not counted."""
    patience: float = Field(default=600.0, gt=0)
    """Seconds without a single success, all requests refused with 429, after which the run stops."""


class AdaptiveConcurrency:
    """Additive increase, multiplicative decrease.

    One overload refuses many requests at once; only the first refusal of requests that started after the last
    decrease counts, or one burst would bring the limit down to one.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = float(maximum)
        self.flying = 0
        self.lowest = maximum
        self._decreased_at = -1
        self._started = 0

    @property
    def has_room(self) -> bool:
        """Whether one more request may start."""
        return self.flying < max(1, int(self.limit))

    def start(self) -> int:
        """A request starts; returns its number."""
        self.flying += 1
        self._started += 1
        return self._started

    def succeeded(self) -> None:
        """One more at once for every full round of successes."""
        self.limit = min(float(self.maximum), self.limit + 1.0 / max(1.0, self.limit))

    def refused(self, number: int) -> None:
        """A 429 for the request with this number."""
        if number <= self._decreased_at:
            return
        self._decreased_at = self._started
        self.limit = max(1.0, self.limit * DECREASE)
        self.lowest = min(self.lowest, int(self.limit))

    def over(self) -> None:
        """A request ended, however it ended."""
        self.flying -= 1


@dataclass
class _Window:
    """At most `allowance` within any 60 seconds."""

    allowance: int
    clock: Callable[[], float]

    def __post_init__(self) -> None:
        self._events: deque[tuple[float, int]] = deque()
        self._sum = 0

    def wait(self, amount: int) -> float:
        """Seconds until `amount` more fits, 0 if it fits now. More than the allowance waits for an empty window."""
        now = self.clock()
        while self._events and self._events[0][0] <= now - 60.0:
            self._sum -= self._events.popleft()[1]
        if not self._events or self._sum + amount <= self.allowance:
            return 0.0
        return self._events[0][0] + 60.0 - now

    def add(self, amount: int) -> None:
        self._events.append((self.clock(), amount))
        self._sum += amount


class Gate:
    """Where every request waits for its turn: concurrency, minute limits, the pause a 429 asked for, the budget."""

    def __init__(self, limits: Limits, budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self.concurrency = AdaptiveConcurrency(limits.concurrency)
        self._clock = clock
        self._requests = _Window(limits.requests_per_minute, clock) if limits.requests_per_minute else None
        self._tokens = _Window(limits.tokens_per_minute, clock) if limits.tokens_per_minute else None
        self._paused_until = 0.0
        self._changed = asyncio.Event()
        # Only the head of the queue looks at the limits, so that a place that gets free wakes one waiter, not all.
        self._head = asyncio.Lock()
        self.closed = False

    async def enter(self, estimate: Estimate) -> int | None:
        """Wait for a place. Returns the request's number, or None when the gate or the budget is closed."""
        async with self._head:
            while not self.closed and not self.budget.exhausted:
                seconds = self._seconds_to_wait(estimate)
                if seconds == 0.0:
                    return self._started(estimate)
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), None if seconds < 0 else seconds)
        return None

    def _started(self, estimate: Estimate) -> int:
        if self._requests is not None:
            self._requests.add(1)
        if self._tokens is not None:
            self._tokens.add(estimate.tokens)
        self.budget.start(estimate)
        return self.concurrency.start()

    def _seconds_to_wait(self, estimate: Estimate) -> float:
        """0: go. Below 0: until something changes."""
        if not self.concurrency.has_room or self.budget.full:
            return -1.0
        waits = [self._paused_until - self._clock()]
        if self._requests is not None:
            waits.append(self._requests.wait(1))
        if self._tokens is not None:
            waits.append(self._tokens.wait(estimate.tokens))
        return max(0.0, *waits)

    def leave(self, estimate: Estimate) -> None:
        """A request ended."""
        self.concurrency.over()
        self.budget.finish(estimate)
        self._changed.set()

    def refused(self, number: int, retry_after: float | None) -> None:
        """A 429: fewer at once, and none before the time the server named."""
        self.concurrency.refused(number)
        if retry_after:
            self._paused_until = max(self._paused_until, self._clock() + retry_after)

    def close(self) -> None:
        """Let nobody through any more; those who wait return None."""
        self.closed = True
        self._changed.set()
