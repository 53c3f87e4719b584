"""Runs jobs against an endpoint until everything they need is in the log."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from synth.engine.budget import Budget, BudgetLimits, Estimate
from synth.engine.errors import EngineError, RateLimitedError, RejectedError, RequestError, TransientError
from synth.engine.limits import Gate, Limits
from synth.engine.log import LoggedResponse, Price, RunLog
from synth.engine.request import PromptRequest
from synth.engine.tokens import estimated_tokens

FIRST_GUESS = 400
"""Tokens of a reply, before any reply has been seen."""
MAX_BACKOFF = 30.0
INTERRUPTED = "Ctrl-C"

Lookup = Callable[[str], LoggedResponse | None]


class Job(Protocol):
    """Something that needs requests answered. It holds no state: the log is its state."""

    def pending(self, lookup: Lookup) -> list[PromptRequest]:
        """What must be asked next, given what is there; [] when the job is done."""
        ...


class Client(Protocol):
    """What the engine needs of an endpoint."""

    async def send(self, request: PromptRequest) -> LoggedResponse:
        """See `synth.engine.client.ChatClient.send`."""
        ...


class Observer(Protocol):
    """Told of everything that happens, for progress display."""

    def update(self, engine: Engine) -> None:
        """Something changed."""
        ...


@dataclass
class RunSummary:
    """How a run ended. `stopped` is None when every job is done."""

    jobs: int = 0
    jobs_done: int = 0
    rows: int = 0
    """Rows that the jobs done were for; filters look at them later."""
    paid: int = 0
    setbacks: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    """Requests given up in this run: key -> why. The next run tries them again."""
    stopped: str | None = None
    seconds: float = 0.0
    lowest_concurrency: int = 0

    def with_stage(self, later: RunSummary) -> RunSummary:
        """This run and a later stage of it, as one."""
        return RunSummary(
            jobs=self.jobs + later.jobs,
            jobs_done=self.jobs_done + later.jobs_done,
            rows=self.rows + later.rows,
            paid=self.paid + later.paid,
            setbacks=self.setbacks + later.setbacks,
            failed=self.failed | later.failed,
            stopped=self.stopped or later.stopped,
            seconds=self.seconds + later.seconds,
            lowest_concurrency=min(self.lowest_concurrency or later.lowest_concurrency, later.lowest_concurrency),
        )

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.stopped is None and not self.failed and self.jobs_done == self.jobs


class Engine:
    """Pays for what is not in the log, keeps to the limits, stops at the budget."""

    def __init__(
        self,
        log: RunLog,
        client: Client,
        limits: Limits | None = None,
        budget: BudgetLimits | None = None,
        prices: Mapping[str, Price] | None = None,
        observer: Observer | None = None,
        seed: int = 0,
    ) -> None:
        self.log = log
        self.limits = limits or Limits()
        self.prices = dict(prices or {})
        self.budget = Budget(budget or BudgetLimits(), log.usage(self.prices))
        self.summary = RunSummary()
        self.paid_money = 0.0
        self.gate = Gate(self.limits, self.budget)
        self._client = client
        self._observer = observer
        self._jitter = random.Random(seed)
        self._reply_tokens = float(FIRST_GUESS)
        self._last_success = time.monotonic()
        self._fatal: EngineError | None = None

    async def run(self, jobs: Iterable[Job]) -> RunSummary:
        """Run all jobs. The order in which replies arrive changes nothing but the order of the log.

        Raises:
            EngineError: the endpoint cannot be used at all. What arrived before is in the log.
        """
        started = self._last_success = time.monotonic()
        queue = iter(jobs)
        with self._graceful_interrupt():
            await asyncio.gather(*(self._work(queue) for _ in range(self.limits.concurrency)))
        self.summary.seconds = time.monotonic() - started
        self.summary.lowest_concurrency = self.gate.concurrency.lowest
        if self._fatal is not None:
            raise self._fatal
        return self.summary

    def stop(self, why: str) -> None:
        """Start nothing more; what is in flight is waited for, since it is paid for."""
        if self.summary.stopped is None:
            self.summary.stopped = why
        self.gate.close()

    def interrupt(self) -> None:
        """Stop as a person asks for it, who sees at once what is waited for."""
        self.stop(INTERRUPTED)
        if self._observer is not None:
            self._observer.update(self)

    async def _work(self, queue: Iterator[Job]) -> None:
        for job in queue:
            self.summary.jobs += 1
            if await self._finish(job):
                self.summary.jobs_done += 1
                self.summary.rows += getattr(job, "size", 0)
                if self._observer is not None:
                    self._observer.update(self)
            # A run that reuses everything never waits for anything; the others must get their turn all the same.
            await asyncio.sleep(0)

    async def _finish(self, job: Job) -> bool:
        if self.gate.closed:
            # Only a look: jobs that are done already must be counted as such when the run stops early.
            return not job.pending(self.log.get)
        while pending := job.pending(self.log.get):
            if len(pending) == 1:
                answered = [await self._perform(pending[0])]
            else:
                answered = await asyncio.gather(*(self._perform(request) for request in pending))
            if not all(answered):
                return False
        return True

    async def _perform(self, request: PromptRequest) -> bool:
        """Ask until there is a response. False: given up, stopped, or it waits in a batch."""
        if self.log.in_batch(request.key):
            self.summary.failed[request.key] = "waits in a submitted batch"
            return False
        estimate = self._estimate(request)
        failures = 0
        while True:
            number = await self.gate.enter(estimate)
            if number is None:
                if self.budget.exhausted:
                    self.stop(f"the budget is used up ({self.budget})")
                return False
            wait = 0.0
            try:
                response = await self._client.send(request)
                self._keep(request, response)
                return True
            except RateLimitedError as error:
                self._note(request, error)
                self.gate.refused(number, error.retry_after)
                wait = self._backoff(0, error.retry_after)
                if time.monotonic() - self._last_success > self.limits.patience:
                    self.stop(f"nothing but 429 for {self.limits.patience:g} s ({error})")
            except TransientError as error:
                self._note(request, error)
                failures += 1
                if failures > self.limits.retries:
                    self.summary.failed[request.key] = f"{error.reason} {failures} times, last: {error}"
                    return False
                wait = self._backoff(failures, error.retry_after)
            except RejectedError as error:
                self._note(request, error)
                self.summary.failed[request.key] = str(error)
                return False
            except EngineError as error:
                self._fatal = self._fatal or error
                self.stop(str(error))
                return False
            finally:
                self.gate.leave(estimate)
            await self._pause(wait)

    def _keep(self, request: PromptRequest, response: LoggedResponse) -> None:
        self.log.store(request, response)
        price = self.prices.get(request.model)
        paid = price.of(response.prompt_tokens, response.completion_tokens) if price else 0.0
        self.budget.pay(response.prompt_tokens + response.completion_tokens, paid)
        self.paid_money += paid
        self.summary.paid += 1
        self._reply_tokens += 0.05 * (response.completion_tokens - self._reply_tokens)
        self._last_success = time.monotonic()
        self.gate.concurrency.succeeded()
        if self._observer is not None:
            self._observer.update(self)

    def _note(self, request: PromptRequest, error: RequestError) -> None:
        self.summary.setbacks[error.reason] += 1
        self.log.setback(request.key, error.reason, str(error))

    def _estimate(self, request: PromptRequest) -> Estimate:
        prompt, reply = estimated_tokens(request.prompt), round(self._reply_tokens)
        price = self.prices.get(request.model)
        return Estimate(prompt + reply, price.of(prompt, reply) if price else 0.0)

    def _backoff(self, failures: int, retry_after: float | None) -> float:
        """Exponential with full jitter, never earlier than the server asked for."""
        ceiling = min(MAX_BACKOFF, 0.5 * 2.0**failures)
        return (retry_after or 0.0) + self._jitter.uniform(0.0, ceiling)

    async def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.gate.closed and (left := deadline - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.5))

    def _graceful_interrupt(self) -> _Interrupt:
        return _Interrupt(self)


class _Interrupt:
    """The first Ctrl-C lets what is in flight arrive; the second one stops at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._installed = False

    def __enter__(self) -> None:
        try:
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupted)
            self._installed = True
        except (NotImplementedError, RuntimeError, ValueError):
            # Not the main thread, or a platform without it: Ctrl-C then stops at once, which loses no more.
            self._installed = False

    def __exit__(self, *exception: object) -> None:
        self._remove()

    def _interrupted(self) -> None:
        self._remove()
        self._engine.interrupt()

    def _remove(self) -> None:
        if self._installed:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
            self._installed = False
