"""Who sends this request: a token in the Authorization header, or the session cookie that the pages use."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from service.accounts import Account
from service.classroom import Classroom
from service.errors import ForbiddenError, UnauthorisedError
from service.rates import RateLimit
from service.settings import Settings
from service.store import QuestionRecord

SESSION_COOKIE = "answergate_session"
CSRF_HEADER, CSRF_VALUE = "X-Requested-With", "answergate"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Door:
    """Lets requests in. Failed logins are counted by the address they come from."""

    def __init__(self, classroom: Classroom, settings: Settings) -> None:
        limits = settings.limits
        self._accounts = classroom.accounts
        self._rates = {
            "student": RateLimit(limits.student_requests_per_second),
            "teacher": RateLimit(limits.teacher_requests_per_second),
        }
        self._failures = RateLimit(limits.failed_logins_per_minute / 60.0, limits.failed_logins_per_minute)

    def account(self, request: Request) -> Account:
        """The account behind a request.

        Raises:
            UnauthorisedError: no token, or an unknown one.
            ForbiddenError: a cookie without the header that only our own pages can send.
            TooManyError: the account's or the address's rate is used up.
        """
        authorisation = request.headers.get("Authorization")
        session = request.cookies.get(SESSION_COOKIE)
        if authorisation is not None:
            scheme, _, token = authorisation.partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise UnauthorisedError("write 'Authorization: Bearer TOKEN'")
            account = self.by_token(request, token.strip())
        elif session is not None:
            # Another site's page can make a browser send the cookie, but not this header.
            if request.method not in SAFE_METHODS and request.headers.get(CSRF_HEADER) != CSRF_VALUE:
                raise ForbiddenError(
                    f"a request with a session needs the header {CSRF_HEADER}: {CSRF_VALUE}", code="csrf"
                )
            account = self._accounts.by_session(session)
        else:
            raise UnauthorisedError("send your token: 'Authorization: Bearer TOKEN'")
        self._rates[account.role].take(account.id)
        return account

    def by_token(self, request: Request, token: str) -> Account:
        """The account of a token; failures are counted."""
        address = request.client.host if request.client else ""
        self._failures.check(address)
        try:
            return self._accounts.by_token(token)
        except UnauthorisedError:
            self._failures.take(address)
            raise


def classroom_of(request: Request) -> Classroom:
    """The running service."""
    found: Classroom = request.app.state.classroom
    return found


def signed_in(request: Request) -> Account:
    """Anybody with a token."""
    door: Door = request.app.state.door
    return door.account(request)


Room = Annotated[Classroom, Depends(classroom_of)]
SignedIn = Annotated[Account, Depends(signed_in)]


def only_teacher(account: SignedIn) -> Account:
    """Teachers."""
    if account.role != "teacher":
        raise ForbiddenError("only a teacher may do this")
    return account


def only_student(account: SignedIn) -> Account:
    """Students."""
    if account.role != "student":
        raise ForbiddenError("only a student hands in answers; `grade` grades without keeping")
    return account


Teacher = Annotated[Account, Depends(only_teacher)]
Student = Annotated[Account, Depends(only_student)]

QuestionId = Annotated[str, Path(pattern="^[0-9a-f]{1,32}$", description="The question's id.")]


def seen_question(room: Room, account: SignedIn, question_id: QuestionId) -> QuestionRecord:
    """A question the account may see."""
    return room.question(account, question_id)


def own_question(room: Room, teacher: Teacher, question_id: QuestionId) -> QuestionRecord:
    """A question of the teacher."""
    return room.question(teacher, question_id)


def students_question(room: Room, student: Student, question_id: QuestionId) -> QuestionRecord:
    """A question that is open to the student."""
    return room.question(student, question_id)


SeenQuestion = Annotated[QuestionRecord, Depends(seen_question)]
OwnQuestion = Annotated[QuestionRecord, Depends(own_question)]
StudentsQuestion = Annotated[QuestionRecord, Depends(students_question)]
