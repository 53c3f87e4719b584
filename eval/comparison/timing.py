"""What grading costs: seconds for one answer alone, answers a second together, processor time, money."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from eval.comparison.results import Speed
from eval.suite import Divided
from grader.llm.grader import LlmGrader
from grader.rivals.contender import Contender

TIMED_ANSWERS = 40
"""Answers graded one by one; at most a fifth as many by a language model, each of which is paid for."""


def measure_speed(contender: Contender, questions: Sequence[Divided], llm: LlmGrader | None = None) -> Speed:
    """Time a contender whose encoder remembers nothing, on held-out answers that differ.

    Args:
        llm: the language model behind the contender, whose bill is read before and after.
    """
    chosen = _chosen(questions, TIMED_ANSWERS if llm is None else TIMED_ANSWERS // 5)
    fitting: list[float] = []
    alone: list[float] = []
    together = processor = 0.0
    count = 0
    before = None if llm is None else llm.usage
    for divided, texts in chosen:
        begun = time.perf_counter()
        fitted = contender.fit(divided.question, divided.support)
        # The first call builds what later ones find ready; it belongs to learning the question.
        fitted.grade([divided.support[0].text])
        fitting.append(time.perf_counter() - begun)
        half = max(1, len(texts) // 2)
        for text in texts[:half]:
            begun = time.perf_counter()
            fitted.grade([text])
            alone.append(time.perf_counter() - begun)
        rest = texts[half:] or texts[:half]
        begun, used = time.perf_counter(), time.process_time()
        fitted.grade(rest)
        together += time.perf_counter() - begun
        processor += time.process_time() - used
        count += len(rest)
    after = None if llm is None else llm.usage
    requests = 0 if after is None or before is None else after.requests - before.requests
    money = tokens = None
    if after is not None and before is not None and requests:
        tokens = (after.tokens - before.tokens) / requests
        if after.money is not None:
            money = 1000 * (after.money - (before.money or 0.0)) / requests
    return Speed(
        p50=float(np.quantile(alone, 0.5)),
        p99=float(np.quantile(alone, 0.99)),
        per_second=count / max(together, 1e-9),
        cpu_per_1000=1000 * processor / count,
        fit_seconds=float(np.mean(fitting)),
        money_per_1000=money,
        tokens_per_answer=tokens,
    )


def _chosen(questions: Sequence[Divided], count: int) -> list[tuple[Divided, list[str]]]:
    """A few questions with different texts, so many in all; half are graded alone and half together."""
    used = questions[: max(1, min(4, len(questions)))]
    each = max(2, 2 * count // len(used))
    return [
        (divided, list(dict.fromkeys(answer.text for answer in divided.held_out if answer.text.strip()))[:each])
        for divided in used
        if any(answer.text.strip() for answer in divided.held_out)
    ]
