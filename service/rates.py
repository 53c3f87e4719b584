"""Token buckets: so many requests a second, with bursts."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

from service.errors import TooManyError

REMEMBERED = 10_000
BURST_SECONDS = 3.0


class RateLimit:
    """A bucket for everyone who comes.

    Args:
        per_second: requests that a bucket regains each second.
        burst: requests it holds when full.
    """

    def __init__(self, per_second: float, burst: float | None = None) -> None:
        self._rate = per_second
        self._burst = max(1.0, per_second * BURST_SECONDS if burst is None else burst)
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: Hashable) -> None:
        """Count one request.

        Raises:
            TooManyError: the bucket is empty.
        """
        self._take(who, 1.0)

    def check(self, who: Hashable) -> None:
        """Count nothing.

        Raises:
            TooManyError: the bucket is empty.
        """
        self._take(who, 0.0)

    def _take(self, who: Hashable, amount: float) -> None:
        now = time.monotonic()
        with self._lock:
            level, then = self._buckets.get(who, (self._burst, now))
            level = min(self._burst, level + (now - then) * self._rate)
            if level < 1.0:
                self._buckets[who] = (level, now)
                wait = (1.0 - level) / self._rate
                raise TooManyError("too many requests; slow down", retry_after=wait, code="too_many_requests")
            self._buckets[who] = (level - amount, now)
            self._buckets.move_to_end(who)
            while len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)
