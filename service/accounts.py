"""Who may do what: accounts with tokens, and browser sessions. Only hashes are kept.

Tokens and session ids are 256 random bits. That is beyond guessing, so one round of SHA-256 is enough at rest; slow
hashes are for passwords, which people choose.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, delete, insert, select, update

from service.database import Database
from service.errors import ConflictError, InvalidError, NotFoundError, UnauthorisedError
from service.tables import ACCOUNTS, SESSIONS

Role = Literal["teacher", "student"]


@dataclass(frozen=True)
class Account:
    """Somebody with a token. `teacher_id` is a student's teacher."""

    id: int
    role: Role
    name: str
    teacher_id: int | None


@dataclass(frozen=True)
class ListedAccount:
    """An account as `tokens list` shows it."""

    role: Role
    name: str
    teacher: str | None
    created: float
    revoked: float | None


def hashed(secret: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Accounts:
    """The accounts of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, role: Role, name: str, teacher: str | None = None) -> str:
        """Make an account; its token is returned once and never again.

        Raises:
            InvalidError: a name is blank, or a student has no teacher.
            NotFoundError: no teacher of that name.
            ConflictError: the name is taken: teachers' names are unique, students' names among a teacher's students.
        """
        name = name.strip()
        if not name or len(name) > 200 or not name.isprintable():
            raise InvalidError("a name has 1 to 200 visible characters", field="name")
        if (role == "student") != (teacher is not None):
            raise InvalidError("a student needs --teacher NAME, a teacher has none", field="teacher")
        token = f"ag_{secrets.token_urlsafe(32)}"
        teacher_id = None if teacher is None else self._active("teacher", teacher, None)
        with self._database.write() as connection:
            taken = connection.execute(
                select(ACCOUNTS.c.id).where(
                    ACCOUNTS.c.role == role,
                    ACCOUNTS.c.name == name,
                    ACCOUNTS.c.teacher_id.is_not_distinct_from(teacher_id),
                    ACCOUNTS.c.revoked.is_(None),
                )
            ).first()
            if taken:
                raise ConflictError(f"there is a {role} '{name}' already; choose another name or revoke that one first")
            values = {"role": role, "name": name, "teacher_id": teacher_id, "created": time.time()}
            connection.execute(insert(ACCOUNTS).values(**values, token_hash=hashed(token)))
        return token

    def revoke(self, role: Role, name: str, teacher: str | None = None) -> None:
        """Make a token useless, and end the account's sessions. What the person sent is kept.

        Raises:
            NotFoundError: no such account, or it was revoked before.
        """
        account = self._active(role, name, None if teacher is None else self._active("teacher", teacher, None))
        with self._database.write() as connection:
            connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.id == account).values(revoked=time.time()))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.account_id == account))

    def listed(self) -> list[ListedAccount]:
        """All accounts in the order they were made."""
        teachers = ACCOUNTS.alias()
        columns = (ACCOUNTS.c.role, ACCOUNTS.c.name, teachers.c.name, ACCOUNTS.c.created, ACCOUNTS.c.revoked)
        joined = ACCOUNTS.outerjoin(teachers, ACCOUNTS.c.teacher_id == teachers.c.id)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).select_from(joined).order_by(ACCOUNTS.c.id)).all()
        return [ListedAccount(*row) for row in rows]

    def by_token(self, token: str) -> Account:
        """The account of a token.

        Raises:
            UnauthorisedError: unknown or revoked.
        """
        query = _ACCOUNT.where(ACCOUNTS.c.token_hash == hashed(token), ACCOUNTS.c.revoked.is_(None))
        return self._one(query)

    def by_session(self, session: str) -> Account:
        """The account of a browser session.

        Raises:
            UnauthorisedError: unknown, ended or revoked.
        """
        joined = ACCOUNTS.join(SESSIONS, SESSIONS.c.account_id == ACCOUNTS.c.id)
        return self._one(
            _ACCOUNT.select_from(joined).where(
                SESSIONS.c.session_hash == hashed(session),
                SESSIONS.c.expires > time.time(),
                ACCOUNTS.c.revoked.is_(None),
            )
        )

    def start_session(self, account: Account, hours: float) -> str:
        """A new session's id; sessions that have ended are removed."""
        session = secrets.token_urlsafe(32)
        now = time.time()
        with self._database.write() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.expires < now))
            values = {"session_hash": hashed(session), "account_id": account.id, "expires": now + hours * 3600}
            connection.execute(insert(SESSIONS).values(**values))
        return session

    def end_session(self, session: str) -> None:
        """Log out."""
        with self._database.write() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.session_hash == hashed(session)))

    def names(self, ids: set[int]) -> dict[int, str]:
        """Names of accounts."""
        if not ids:
            return {}
        with self._database.read() as connection:
            rows = connection.execute(select(ACCOUNTS.c.id, ACCOUNTS.c.name).where(ACCOUNTS.c.id.in_(ids))).all()
        return {row[0]: row[1] for row in rows}

    def students_of(self, teacher_id: int) -> dict[int, str]:
        """Names of a teacher's students, of those whose token was revoked too."""
        with self._database.read() as connection:
            query = select(ACCOUNTS.c.id, ACCOUNTS.c.name).where(ACCOUNTS.c.teacher_id == teacher_id)
            return {row[0]: row[1] for row in connection.execute(query)}

    def _one(self, query: Select[Any]) -> Account:
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise UnauthorisedError("this token is not known here; ask your teacher for a new one")
        return Account(row[0], "teacher" if row[1] == "teacher" else "student", row[2], row[3])

    def _active(self, role: Role, name: str, teacher_id: int | None) -> int:
        query = select(ACCOUNTS.c.id).where(
            ACCOUNTS.c.role == role, ACCOUNTS.c.name == name.strip(), ACCOUNTS.c.revoked.is_(None)
        )
        if teacher_id is not None:
            query = query.where(ACCOUNTS.c.teacher_id == teacher_id)
        with self._database.read() as connection:
            found = connection.execute(query).scalars().all()
        if not found:
            raise NotFoundError(f"there is no {role} '{name}'; `answergate tokens list` shows all")
        if len(found) > 1:
            raise ConflictError(f"several teachers have a student '{name}'; add --teacher NAME")
        return int(found[0])


_ACCOUNT = select(ACCOUNTS.c.id, ACCOUNTS.c.role, ACCOUNTS.c.name, ACCOUNTS.c.teacher_id)
