"""The run's log: one SQLite file in which every finished response stands the moment it arrives."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from synth.engine.errors import EngineError
from synth.engine.request import PromptRequest
from synth.examples import as_parameters

LOG_VERSION = 1
BATCH_DISCOUNT = 0.5
"""Share of the live price that the Batch API costs."""

_SCHEMA = f"""
PRAGMA user_version = {LOG_VERSION};
CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, template TEXT NOT NULL, template_hash TEXT NOT NULL, model TEXT NOT NULL,
    round INTEGER NOT NULL, sample INTEGER NOT NULL, parameters TEXT NOT NULL, prompt TEXT NOT NULL,
    content TEXT NOT NULL, finish_reason TEXT, request_id TEXT, prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL, source TEXT NOT NULL, seconds REAL NOT NULL,
    arrived REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setbacks (key TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, submitted REAL NOT NULL, requests INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS batch_requests (key TEXT PRIMARY KEY, batch TEXT NOT NULL, request TEXT NOT NULL)
WITHOUT ROWID;
"""


@dataclass(frozen=True)
class LoggedResponse:
    """A finished response. `estimated` says that the server gave no token counts and ours stand in."""

    key: str
    content: str
    finish_reason: str | None
    request_id: str | None
    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False
    source: str = "live"
    """`live` or `batch`."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Usage:
    """What the log has cost. `money` is None where no price is known."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float | None = None

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True)
class Price:
    """Money per million tokens, in any one currency."""

    input: float
    output: float

    def of(self, prompt_tokens: int, completion_tokens: int, source: str = "live") -> float:
        """Price of one response, or of many of one source."""
        full = (prompt_tokens * self.input + completion_tokens * self.output) / 1e6
        return full * BATCH_DISCOUNT if source == "batch" else full


class RunLog:
    """The log of one run folder. One process at a time: a second one is told so instead of paying twice.

    A response is committed before anything else happens with it, so a process killed at any moment has lost only
    what was in flight.

    Raises:
        EngineError: another process uses the folder, or the file is not a log of this version.
    """

    def __init__(self, path: str | os.PathLike[str], read_only: bool = False) -> None:
        self.path = Path(path)
        self._lock: IO[str] | None = None
        if read_only:
            if not self.path.is_file():
                raise EngineError(f"{self.path}: no such log; the folder of a run holds one")
            self._connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.path.with_suffix(".lock"))
            self._connection = sqlite3.connect(self.path, isolation_level=None)
        self._prepare(read_only)
        self._has_batches = bool(self.batches())

    def _prepare(self, read_only: bool) -> None:
        try:
            version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            if version not in (0, LOG_VERSION) or (read_only and version == 0):
                raise EngineError(f"{self.path}: a log of version {version}, this is answergate for {LOG_VERSION}")
            if not read_only:
                self._connection.execute("PRAGMA journal_mode=WAL")
                # In WAL mode NORMAL loses nothing when the process dies, only the last moments when the power does.
                self._connection.execute("PRAGMA synchronous=NORMAL")
                if version == 0:
                    self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise EngineError(f"{self.path}: not a run log ({error}); use another folder") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let another process in."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def store(self, request: PromptRequest, response: LoggedResponse) -> None:
        """Keep a response. The first one of a key stays."""
        self._connection.execute(
            "INSERT OR IGNORE INTO responses VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                request.key,
                request.template,
                request.template_hash,
                request.model,
                request.round,
                request.sample,
                as_parameters(dict(request.parameters)),
                request.prompt,
                response.content,
                response.finish_reason,
                response.request_id,
                response.prompt_tokens,
                response.completion_tokens,
                response.estimated,
                response.source,
                response.seconds,
                time.time(),
            ),
        )

    def get(self, key: str) -> LoggedResponse | None:
        """The response of a key, if it has arrived."""
        row = self._connection.execute(
            "SELECT content, finish_reason, request_id, prompt_tokens, completion_tokens, estimated, source, seconds"
            " FROM responses WHERE key = ?",
            (key,),
        ).fetchone()
        if row is None:
            return None
        content, finish_reason, request_id, prompt_tokens, completion_tokens, estimated, source, seconds = row
        return LoggedResponse(
            key, content, finish_reason, request_id, prompt_tokens, completion_tokens, bool(estimated), source, seconds
        )

    def prompt_of(self, key: str) -> str | None:
        """The prompt as it was sent."""
        row = self._connection.execute("SELECT prompt FROM responses WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def setback(self, key: str, reason: str, detail: str) -> None:
        """Note an attempt that brought no response."""
        self._connection.execute("INSERT INTO setbacks VALUES (?,?,?,?)", (key, reason, detail[:500], time.time()))

    def setbacks(self) -> Counter[str]:
        """Attempts without a response, over all runs, by reason."""
        rows = self._connection.execute("SELECT reason, COUNT(*) FROM setbacks GROUP BY reason ORDER BY reason")
        return Counter(dict(rows.fetchall()))

    def usage(self, prices: Mapping[str, Price] | None = None) -> Usage:
        """What all responses have cost, over all runs; without money where a model of the log has no price."""
        rows = self._connection.execute(
            "SELECT model, source, COUNT(*), SUM(prompt_tokens), SUM(completion_tokens) FROM responses"
            " GROUP BY model, source"
        ).fetchall()
        prices = prices or {}
        money: float | None = 0.0
        for model, source, _, prompt_tokens, completion_tokens in rows:
            if model not in prices or money is None:
                money = None
                continue
            money += prices[model].of(prompt_tokens, completion_tokens, source)
        return Usage(
            requests=sum(row[2] for row in rows),
            prompt_tokens=sum(row[3] for row in rows),
            completion_tokens=sum(row[4] for row in rows),
            money=money if prices else None,
        )

    def keys(self) -> Iterator[str]:
        """Keys of all responses, sorted."""
        with closing(self._connection.execute("SELECT key FROM responses ORDER BY key")) as cursor:
            for row in cursor:
                yield str(row[0])

    def add_batch(self, batch: str, status: str, requests: Iterable[tuple[str, str]]) -> None:
        """Note a submitted batch and what is in it: (key, request as JSON)."""
        pairs = list(requests)
        self._connection.execute("BEGIN")
        self._connection.execute("INSERT INTO batches VALUES (?,?,?,?)", (batch, status, time.time(), len(pairs)))
        self._connection.executemany(
            "INSERT OR REPLACE INTO batch_requests VALUES (?,?,?)", [(key, batch, request) for key, request in pairs]
        )
        self._connection.execute("COMMIT")
        self._has_batches = True

    def batches(self) -> list[tuple[str, str, int]]:
        """(id, last known status, number of requests) of every batch, in the order of submission."""
        rows = self._connection.execute("SELECT id, status, requests FROM batches ORDER BY submitted, id")
        return [(str(batch), str(status), int(requests)) for batch, status, requests in rows.fetchall()]

    def set_batch_status(self, batch: str, status: str) -> None:
        """Note a batch's status. A batch that is over no longer holds its requests back."""
        self._connection.execute("UPDATE batches SET status = ? WHERE id = ?", (status, batch))
        if status in ("collected", "failed", "expired", "cancelled"):
            self._connection.execute("DELETE FROM batch_requests WHERE batch = ?", (batch,))

    def rename_batch(self, old: str, new: str, status: str) -> None:
        """A batch has got its real name."""
        self._connection.execute("BEGIN")
        self._connection.execute("UPDATE batches SET id = ?, status = ? WHERE id = ?", (new, status, old))
        self._connection.execute("UPDATE batch_requests SET batch = ? WHERE batch = ?", (new, old))
        self._connection.execute("COMMIT")

    def requests_of(self, batch: str) -> list[tuple[str, dict[str, Any]]]:
        """(key, request) of everything that waits in a batch."""
        rows = self._connection.execute(
            "SELECT key, request FROM batch_requests WHERE batch = ? ORDER BY key", (batch,)
        )
        return [(str(key), json.loads(request)) for key, request in rows.fetchall()]

    def in_batch(self, key: str) -> bool:
        """Whether the request waits in a submitted batch: asking it live too would pay twice."""
        return self._has_batches and self.batch_request(key) is not None

    def batch_request(self, key: str) -> str | None:
        """The request of a key that waits in a batch, as it was noted."""
        row = self._connection.execute("SELECT request FROM batch_requests WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])


def _locked(path: Path) -> IO[str]:
    """Hold a lock that the system lets go when the process dies, however it dies."""
    stream = path.open("a")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise EngineError(
            f"{path.parent}: another process is working in this folder; wait for it or stop it"
        ) from error
    return stream
