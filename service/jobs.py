"""Work that takes longer than a request: one job at a time, in a thread of its own, with progress to ask for."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from service.errors import NotFoundError, ServiceError, TooManyError

LOG = logging.getLogger("answergate.service")
KEPT = 100
MOST_WAITING = 8

Progress = Callable[[int, int], None]
State = Literal["waiting", "running", "done", "failed"]


class StoppedError(Exception):
    """The server is stopping; raised inside a job when it reports progress."""


@dataclass
class JobState:
    """How far a job is."""

    owner: int
    state: State = "waiting"
    done: int = 0
    total: int = 0
    result: Any = None
    error: str | None = None


class Jobs:
    """Jobs of this process; the latest are remembered until it ends."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, JobState] = OrderedDict()
        self._lock = threading.Lock()
        self._stopping = False
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="jobs")

    def start(self, owner: int, work: Callable[[Progress], Any]) -> str:
        """Have work done; returns the job's id.

        Raises:
            TooManyError: too many jobs wait.
        """
        with self._lock:
            waiting = sum(job.state in ("waiting", "running") for job in self._jobs.values())
            if waiting >= MOST_WAITING:
                raise TooManyError("other jobs are waiting; try again in a minute", retry_after=30, code="busy")
            name = secrets.token_hex(8)
            self._jobs[name] = job = JobState(owner)
            while len(self._jobs) > KEPT:
                self._jobs.popitem(last=False)
        self._executor.submit(self._run, job, work)
        return name

    def get(self, owner: int, name: str) -> JobState:
        """A job.

        Raises:
            NotFoundError: there is none, it is somebody else's, or the server was started since.
        """
        with self._lock:
            job = self._jobs.get(name)
        if job is None or job.owner != owner:
            raise NotFoundError("there is no such job; jobs do not survive a restart, start it again")
        return job

    def close(self) -> None:
        """Stop the running job at its next step, drop the others."""
        self._stopping = True
        self._executor.shutdown(cancel_futures=True)

    def _run(self, job: JobState, work: Callable[[Progress], Any]) -> None:
        def progress(done: int, total: int) -> None:
            if self._stopping:
                raise StoppedError
            job.done, job.total = done, total

        job.state = "running"
        try:
            job.result = work(progress)
            job.state = "done"
        except StoppedError:
            job.state, job.error = "failed", "the server was stopped"
        except ServiceError as error:
            job.state, job.error = "failed", error.message
        except Exception:
            LOG.exception("a job failed")
            job.state, job.error = "failed", "the server failed; its log says why"
