"""The database behind the service: the grader's store with the service's tables, and failures in words."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

import service.tables  # noqa: F401  (adds the service's tables to the grader's)
from grader.storage import METADATA, GradeStore
from service.errors import UnavailableError

LOG = logging.getLogger("answergate.service")
RETRY_AFTER = 2.0


class Database:
    """Transactions of the service. What a transaction has left without an error is on the disk.

    Args:
        place: an SQLite file, or a database URL.
        lock_wait: seconds to wait for a lock that another process holds.

    Raises:
        StorageError: it cannot be opened.
    """

    def __init__(self, place: str, lock_wait: float = 5.0) -> None:
        self.grades = GradeStore(place)
        self.engine = self.grades.engine
        if self.engine.dialect.name == "sqlite":
            milliseconds = int(lock_wait * 1000)

            def wait(connection: Any, record: object) -> None:
                connection.execute(f"PRAGMA busy_timeout={milliseconds}")

            event.listen(self.engine, "connect", wait)
            self.engine.dispose()
        METADATA.create_all(self.engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with.

        Raises:
            UnavailableError: the database failed.
        """
        with available(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction, all or nothing.

        Raises:
            UnavailableError: the database failed; nothing was stored.
        """
        with available(), self.engine.begin() as connection:
            yield connection

    def check(self) -> None:
        """Whether reading works now.

        Raises:
            UnavailableError: it does not.
        """
        with self.read() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Give back the connections."""
        self.engine.dispose()


@contextmanager
def available() -> Iterator[None]:
    """The database's failures as `UnavailableError`, with the cause in the log; broken constraints pass as they are."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        # The statement and its parameters hold students' texts; the driver's own words do not.
        cause = str(getattr(error, "orig", None) or type(error).__name__)
        LOG.error("database: %s", cause)
        raise UnavailableError(_in_words(cause), retry_after=RETRY_AFTER, code="storage_unavailable") from error


def _in_words(cause: str) -> str:
    folded = cause.lower()
    if "full" in folded or "disk i/o" in folded:
        return "The server's disk is full or cannot be written. Nothing was stored; tell the teacher, then try again."
    if "locked" in folded:
        return "The database is busy with another program. Nothing was stored; try again in a moment."
    return "The database cannot be reached. Nothing was stored; try again in a moment."
