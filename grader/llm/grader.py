"""The grader that asks: one request per answer, kept in a log, paid for once."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np

from encoders import Encoder
from grader.levels import GradeScale, grade_scale
from grader.llm.client import GradingClient
from grader.llm.prompt import grade_request
from grader.llm.reply import LlmGrade, read_reply
from synth.engine.budget import BudgetLimits
from synth.engine.limits import Limits
from synth.engine.log import LoggedResponse, Price, RunLog, Usage
from synth.engine.request import PromptRequest
from synth.engine.runner import Engine
from synth.graded import GradedAnswer, GradedQuestion

Choice = Literal["spread", "similar"]
LOG_NAME = "log.sqlite"
ATTEMPTS = 3
"""How often an answer is asked about before an unreadable reply is left as it is."""


class LlmError(RuntimeError):
    """The endpoint did not answer everything. What it did answer is in the log."""

    exit_code: ClassVar[int] = 4


@dataclass(frozen=True)
class LlmSettings:
    """Whom to ask, and how."""

    model: str
    base_url: str | None = None
    key_variable: str = "OPENAI_API_KEY"
    shots: int = 0
    """Graded examples shown; 0 is zero-shot with rubric and reference."""
    choice: Choice = "similar"
    """Which examples: nearest to the answer by sentence vectors, or spread evenly over the grades."""
    price: Price | None = None
    timeout: float = 120.0
    limits: Limits = field(default_factory=lambda: Limits(concurrency=8))
    budget: BudgetLimits = field(default_factory=BudgetLimits)


class LlmGrader:
    """Grades by asking. A context manager; the log is open for as long as it is.

    Args:
        settings: whom to ask.
        encoder: chooses similar examples; needed for `choice="similar"` with `shots` above 0.
        folder: keeps the log, so that a rerun pays only for what is new; None for a temporary one.

    Raises:
        EngineError: another process uses the folder.
        ValueError: similar examples without an encoder.
    """

    def __init__(
        self, settings: LlmSettings, encoder: Encoder | None = None, folder: str | os.PathLike[str] | None = None
    ) -> None:
        if settings.shots and settings.choice == "similar" and encoder is None:
            raise ValueError("similar examples need an encoder; give one, or choose 'spread'")
        self.settings = settings
        self.encoder = encoder
        self._temporary = tempfile.TemporaryDirectory() if folder is None else None
        place = Path(self._temporary.name if self._temporary is not None else os.fspath(folder or "."))
        self._log = RunLog(place / LOG_NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the log."""
        self._log.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def usage(self) -> Usage:
        """Requests, tokens and money of everything in the log; money is None without a price."""
        price = self.settings.price
        return self._log.usage({} if price is None else {self.settings.model: price})

    def for_question(self, question: GradedQuestion, support: Sequence[GradedAnswer] = ()) -> LlmQuestion:
        """The grader of one question; `support` are the graded answers that examples are taken from."""
        return LlmQuestion(self, question, support)

    def answers_to(self, requests: Sequence[PromptRequest]) -> list[LoggedResponse | None]:
        """Ask what the log does not hold; None for a request that the server refused to answer.

        Raises:
            LlmError: the endpoint gave out, or the budget did.
            EngineError: key, model or address are wrong.
        """
        different = {item.key: item for item in requests if self._log.get(item.key) is None}
        refused = asyncio.run(self._ask(list(different.values())))
        found = [self._log.get(request.key) for request in requests]
        for request, response in zip(requests, found, strict=True):
            if response is None and request.key not in refused:
                raise LlmError(f"{self.settings.model}: requests were left unanswered; run again to continue")
        return found

    async def _ask(self, requests: Sequence[PromptRequest]) -> set[str]:
        if not requests:
            return set()
        settings = self.settings
        client = GradingClient(settings.base_url, settings.key_variable, settings.timeout, settings.limits.concurrency)
        prices = {} if settings.price is None else {settings.model: settings.price}
        async with client:
            engine = Engine(self._log, client, settings.limits, settings.budget, prices)
            summary = await engine.run([_Ask(request) for request in requests])
        if summary.stopped is not None:
            raise LlmError(f"{settings.model}: {summary.stopped}; what was answered is kept, run again to continue")
        lost = {key: why for key, why in summary.failed.items() if not why.startswith("HTTP 4")}
        if lost:
            raise LlmError(
                f"{settings.model}: {len(lost)} of {len(requests)} requests failed ({next(iter(lost.values()))}); "
                "what was answered is kept, run again to continue"
            )
        return set(summary.failed)


class LlmQuestion:
    """One question, ready to ask about its answers."""

    def __init__(self, grader: LlmGrader, question: GradedQuestion, support: Sequence[GradedAnswer]) -> None:
        self.question = question
        self.scale: GradeScale = grade_scale([answer.grade for answer in support], question.max_grade)
        self._grader = grader
        # A blank example teaches nothing and an empty fence confuses.
        self._support = [answer for answer in support if answer.text.strip()]
        self._choose = self._chooser()

    def grade(self, answers: Sequence[str]) -> list[LlmGrade]:
        """Grades in the answers' order. An answer's request does not depend on the other answers.

        Raises:
            LlmError: the endpoint gave out.
        """
        examples = self._choose(answers)
        found: list[LlmGrade | None] = [None] * len(answers)
        for attempt in range(ATTEMPTS):
            rows = [row for row, item in enumerate(found) if item is None or item.grade is None]
            requests = [self._request(answers[row], examples[row], attempt) for row in rows]
            for row, response in zip(rows, self._grader.answers_to(requests), strict=True):
                found[row] = LlmGrade(None, None, "") if response is None else read_reply(response.content, self.scale)
        return [item for item in found if item is not None]

    def _request(self, answer: str, examples: Sequence[GradedAnswer], attempt: int) -> PromptRequest:
        # A deterministic server repeats itself at temperature 0, so asking again needs other dice.
        parameters = {"temperature": 0.7} if attempt else {}
        return grade_request(
            self.question, self.scale, examples, answer, self._grader.settings.model, parameters, attempt
        )

    def _chooser(self) -> Callable[[Sequence[str]], list[list[GradedAnswer]]]:
        settings, encoder = self._grader.settings, self._grader.encoder
        count = min(settings.shots, len(self._support))
        if count and settings.choice == "similar" and encoder is not None:
            vectors = encoder.encode([answer.text for answer in self._support], role="answer")

            def similar(answers: Sequence[str]) -> list[list[GradedAnswer]]:
                closeness = encoder.encode(list(answers), role="answer") @ vectors.T
                # Nearest last: what stands closest to the answer is followed most.
                order = np.argsort(closeness, axis=1, kind="stable")[:, -count:]
                return [[self._support[place] for place in row] for row in order]

            return similar
        ordered = sorted(self._support, key=lambda answer: (answer.grade, answer.text))
        spread = [ordered[place] for place in np.linspace(0, len(ordered) - 1, count).round().astype(int)]
        return lambda answers: [spread for _ in answers]


@dataclass(frozen=True)
class _Ask:
    """One request as the engine's job."""

    request: PromptRequest

    def pending(self, lookup: Callable[[str], LoggedResponse | None]) -> list[PromptRequest]:
        return [] if lookup(self.request.key) is not None else [self.request]
