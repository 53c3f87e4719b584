"""What Prometheus is told. No label holds a name, a token or a text."""

from __future__ import annotations

from collections.abc import Sized

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One server's numbers, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "answergate_requests_total",
            "Requests by route and status",
            ["method", "route", "status"],
            registry=registry,
        )
        self.latency = Histogram(
            "answergate_request_seconds", "Time to answer a request", ["route"], buckets=SECONDS, registry=registry
        )
        self.batch = Histogram(
            "answergate_batch_answers",
            "Answers graded together",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128),
            registry=registry,
        )
        self.grading = Histogram(
            "answergate_grading_seconds", "Time to grade and keep one batch", buckets=SECONDS, registry=registry
        )
        self.submissions = Counter(
            "answergate_submissions_total", "What became of attempts", ["outcome"], registry=registry
        )
        self.regrading = Histogram(
            "answergate_regrade_seconds", "Time to regrade a question", buckets=SECONDS, registry=registry
        )
        self._queue = Gauge("answergate_queue_answers", "Pieces of work that wait", registry=registry)

    def watch_queue(self, queue: Sized) -> None:
        """Show the queue's length whenever somebody asks."""
        self._queue.set_function(lambda: len(queue))

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)
