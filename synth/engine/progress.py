"""What a person sees of a run: a live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from synth.engine.runner import INTERRUPTED, Engine

if TYPE_CHECKING:
    from rich.live import Live

LIVE_SECONDS = 0.25
PLAIN_SECONDS = 10.0


class ConsoleProgress:
    """Writes to standard error; a context manager."""

    def __init__(self, stream: IO[str] | None = None, live: bool | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty() if live is None else live
        self._live: Live | None = None
        self._stage = ""
        self._jobs: int | None = None
        self._begun = self._shown = time.monotonic()
        self._text = ""
        self._interrupted = False

    def __enter__(self) -> Self:
        if self._terminal:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(file=self._stream), refresh_per_second=4, transient=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def stage(self, name: str, jobs: int | None) -> None:
        """A stage begins."""
        self._stage, self._jobs = name, jobs
        self._begun = time.monotonic()

    def update(self, engine: Engine) -> None:
        """Something happened; shown only now and then."""
        now = time.monotonic()
        interrupted = engine.summary.stopped == INTERRUPTED and not self._interrupted
        self._interrupted |= interrupted
        must_show = interrupted or engine.summary.jobs_done == self._jobs
        if not must_show and now - self._shown < (LIVE_SECONDS if self._terminal else PLAIN_SECONDS):
            return
        self._shown = now
        text = self.line(engine, now - self._begun)
        if self._live is not None:
            self._live.update(text)
        elif text != self._text:
            self._text = text
            print(text, file=self._stream, flush=True)

    def line(self, engine: Engine, seconds: float) -> str:
        """Rows, requests, in flight, rate, tokens, money spent and projected, time left."""
        summary, budget = engine.summary, engine.budget
        jobs = "" if self._jobs is None else f" of {self._jobs:,}"
        parts = [
            f"{self._stage}: {summary.jobs_done:,}{jobs} jobs",
            f"{summary.rows:,} rows",
            f"{summary.paid:,} requests",
            f"{engine.gate.concurrency.flying} in flight (limit {int(engine.gate.concurrency.limit)})",
        ]
        if seconds > 0:
            parts.append(f"{summary.paid / seconds:.1f}/s")
        parts.append(f"{budget.tokens:,} tokens")
        left = self._jobs - summary.jobs_done if self._jobs is not None and summary.jobs_done else None
        if engine.prices:
            parts.append(f"{budget.money:.4f} money")
            if left is not None:
                projected = budget.money + engine.paid_money / summary.jobs_done * left
                parts.append(f"about {projected:.4f} at the end")
        if left is not None and seconds > 0:
            parts.append(f"{_duration(seconds / summary.jobs_done * left)} left")
        if summary.stopped == INTERRUPTED and engine.gate.concurrency.flying:
            parts.append("stopping: waits for what is in flight, it is paid for; Ctrl-C again does not wait")
        if summary.setbacks:
            parts.append(", ".join(f"{count} {reason}" for reason, count in sorted(summary.setbacks.items())))
        return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
