"""One thread that grades: whatever waits at the same moment is graded together, whatever is too much is sent away."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.errors import TooManyError, UnavailableError

Work = TypeVar("Work")
Done = TypeVar("Done")


@dataclass(frozen=True)
class _Waiting(Generic[Work, Done]):
    work: Work
    future: Future[Done]


class GradingQueue(Generic[Work, Done]):
    """A bounded queue before a single worker thread.

    There is no waiting for a batch to fill: while one batch is graded the next one gathers, so that a lone student
    waits for nobody and a crowd shares the cost.

    Args:
        process: given 1 … `batch` pieces of work, returns for each what came of it, in order; an exception is what
            its caller gets raised.
        capacity: pieces of work that may wait.
        batch: most pieces given to `process` at once.
    """

    def __init__(
        self, process: Callable[[Sequence[Work]], Sequence[Done | Exception]], capacity: int, batch: int
    ) -> None:
        self._process, self._batch = process, batch
        self._queue: queue.Queue[_Waiting[Work, Done] | None] = queue.Queue(capacity)
        self._closed = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="grading", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> Future[Done]:
        """Let work wait its turn.

        Raises:
            TooManyError: the queue is full.
            UnavailableError: the server is stopping.
        """
        waiting: _Waiting[Work, Done] = _Waiting(work, Future())
        with self._gate:
            if self._closed:
                raise UnavailableError("the server is stopping; try again in a minute", retry_after=30, code="stopping")
            try:
                self._queue.put_nowait(waiting)
            except queue.Full:
                message = "more answers are waiting than can be graded now; try again in a moment"
                raise TooManyError(message, retry_after=2, code="busy") from None
        return waiting.future

    def __len__(self) -> int:
        return self._queue.qsize()

    def close(self) -> None:
        """Take no more work, finish what waits, and stop the thread."""
        with self._gate:
            already, self._closed = self._closed, True
        if not already:
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            first = self._queue.get()
            if first is None:
                return
            batch = [first]
            while len(batch) < self._batch:
                try:
                    following = self._queue.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stopping = True
                    break
                batch.append(following)
            self._finish([item for item in batch if item.future.set_running_or_notify_cancel()])

    def _finish(self, batch: Sequence[_Waiting[Work, Done]]) -> None:
        if not batch:
            return
        try:
            results: Sequence[Done | Exception] = self._process([item.work for item in batch])
        except Exception as error:
            # The thread must outlive whatever goes wrong, and every caller must hear of it.
            results = [error] * len(batch)
        for item, result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                item.future.set_exception(result)
            else:
                item.future.set_result(result)
