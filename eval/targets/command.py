"""A command that speaks JSON lines: one line asks, one line answers, one process for the whole run."""

from __future__ import annotations

import json
import os
import queue
import shlex
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from eval.targets.base import Target, TargetConfigError, TargetError, TargetGrade
from eval.targets.exchange import asked, read_reply
from eval.targets.kinds import TargetKind
from eval.targets.settings import TargetSettings
from synth.graded import GradedAnswer, GradedQuestion

PREFIX = "command:"
BATCH = 256
STDERR_LINES = 8
LAST_WORDS = 0.5
"""Seconds to wait for what a process that just ended wrote to its standard error."""


class CommandTarget:
    """A process that reads requests on standard input and writes replies to standard output (`eval.targets.exchange`).

    It is started when first needed, and anew after it ended or was killed for being slow. Its standard error is shown
    in the error when it fails. It runs in a process group of its own, so that what it started ends with it. Exit code
    78 (`EX_CONFIG`) says that starting it again will not help.
    """

    def __init__(self, arguments: Sequence[str], name: str, timeout: float = 60.0, batch: int = BATCH) -> None:
        self.name = name
        self.starts = 0
        self._arguments = list(arguments)
        self._timeout = timeout
        self._batch = batch
        self._process: _Process | None = None

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """See `Target.grade`."""
        grades: list[TargetGrade] = []
        for start in range(0, len(answers), self._batch):
            part = answers[start : start + self._batch]
            line = self._exchanged(json.dumps(asked(question, support, part)).encode() + b"\n", part)
            grades += read_reply(line, part)
        return grades

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _exchanged(self, request: bytes, answers: Sequence[str]) -> bytes:
        if self._process is None or self._process.ended:
            self.close()
            self._process = _Process(self._arguments)
            self.starts += 1
        process = self._process
        process.send(request)
        try:
            line = process.replies.get(timeout=self._timeout)
        except queue.Empty:
            self.close()
            many = f", the first of a batch of {len(answers)}" if len(answers) > 1 else ""
            raise TargetError(
                "timeout", f"no reply within {self._timeout:g} s; killed{process.said()}{many}", answer=answers[0]
            ) from None
        if line is None:
            code = process.wait()
            self.close()
            if code == os.EX_CONFIG:
                raise TargetConfigError(f"{self.name} cannot be used{process.said()}")
            raise TargetError("crash", f"the process ended with {_ending(code)} before it replied{process.said()}")
        return line


class _Process:
    """The running process, with a thread for each of its streams: none of them can block the run."""

    def __init__(self, arguments: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise TargetConfigError(f"cannot start {shlex.join(arguments)}: {error}; check the command") from error
        self.replies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._errors: deque[str] = deque(maxlen=STDERR_LINES)
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        for thread in (
            threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._write, args=(self._process.stdin,), daemon=True),
            self._listener,
        ):
            thread.start()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, request: bytes) -> None:
        self._requests.put(request)

    def wait(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout=LAST_WORDS)
        return None

    def said(self) -> str:
        """The end of its standard error, for a message."""
        self._listener.join(LAST_WORDS if self.ended else 0)
        return "; its standard error ends: " + " | ".join(self._errors) if self._errors else ""

    def end(self) -> None:
        """Kill it and whatever it started."""
        self._requests.put(None)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _read(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            for line in stream:
                if line.strip():
                    self.replies.put(line)
        self.replies.put(None)

    def _write(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while (request := self._requests.get()) is not None:
                stream.write(request)
                stream.flush()
            stream.close()

    def _listen(self, stream: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            for line in stream:
                self._errors.append(line.decode("utf-8", "replace").rstrip()[:500])


def _ending(code: int | None) -> str:
    if code is None:
        return "its output closed"
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


@contextmanager
def _opened(settings: TargetSettings) -> Iterator[tuple[Target, dict[str, object]]]:
    written = settings.target.removeprefix(PREFIX).strip()
    try:
        arguments = shlex.split(written)
    except ValueError as error:
        raise TargetConfigError(f"--target {settings.target!r}: {error}; quote it as for a shell") from error
    if not arguments:
        raise TargetConfigError("--target command: is empty; write for example 'command: ./grade.sh --fast'")
    target = CommandTarget(arguments, settings.name or f"command {written}", settings.timeout, settings.batch or BATCH)
    try:
        yield target, {"command": written}
    finally:
        target.close()


KIND = TargetKind(
    name="command",
    form="'command: PROGRAM ARGUMENT…'",
    summary="a program that reads one JSON object per line and answers each with one line",
    claims=lambda target: target.startswith(PREFIX),
    opened=_opened,
)
