"""A language model that this room asks, to grade as a target or to write attacks, through the engine of synth."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path

from synth.engine import Engine, Job, LoggedResponse, RunLog, RunSummary
from synth.engine.client import ChatClient
from synth.engine.limits import Limits

PATIENCE = 10
"""Timeouts' worth of nothing but 429 after which a model is given up."""


class Chat:
    """A model behind an OpenAI-compatible endpoint, with a log of its replies: none in the log is asked for again.

    Args:
        log: the log's file; None for one that is thrown away.

    Raises:
        EngineError: there is no key for an endpoint that needs one, or another process uses the log.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        key_variable: str = "OPENAI_API_KEY",
        timeout: float = 60.0,
        retries: int = 4,
        concurrency: int = 8,
        log: Path | None = None,
    ) -> None:
        self.model = model
        self._limits = Limits(concurrency=concurrency, timeout=timeout, retries=retries, patience=PATIENCE * timeout)
        # One loop for all calls, so that connections stay open between questions.
        self._runner = asyncio.Runner()
        self._client = self._runner.run(_client(base_url, key_variable, timeout, concurrency))
        self._folder = tempfile.TemporaryDirectory() if log is None else None
        self._log = RunLog(log or Path(self._folder.name if self._folder else "") / "replies.sqlite")

    def run(self, jobs: Iterable[Job]) -> RunSummary:
        """Ask until every job is done or given up; the replies are in `get`.

        Raises:
            EngineError: no request can succeed (key, model or address are wrong).
            KeyboardInterrupt: the user stopped the run.
        """
        summary = self._runner.run(Engine(self._log, self._client, self._limits).run(jobs))
        if summary.stopped and "Ctrl-C" in summary.stopped:
            raise KeyboardInterrupt
        return summary

    def get(self, key: str) -> LoggedResponse | None:
        """The reply to a request, if there is one."""
        return self._log.get(key)

    def close(self) -> None:
        """Close all connections and the log."""
        self._runner.run(self._client.__aexit__())
        self._runner.close()
        self._log.close()
        if self._folder is not None:
            self._folder.cleanup()


async def _client(base_url: str | None, key_variable: str, timeout: float, concurrency: int) -> ChatClient:
    return ChatClient(base_url, key_variable, timeout, concurrency)
