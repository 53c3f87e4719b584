"""Grading: a teacher tries answers, a student hands them in."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query

from service import views
from service.access import OwnQuestion, Room, SeenQuestion, SignedIn, Student, StudentsQuestion
from service.errors import TooLargeError
from service.handing_in import HandedIn
from service.reasons import reason_text
from service.schemas import (
    MAX_ROW,
    Acknowledged,
    AnswersIn,
    Distribution,
    GradeIn,
    OwnSubmission,
    Regraded,
    Result,
    Results,
    Submission,
    SubmissionIn,
    Suggestion,
)

router = APIRouter(prefix="/api/v1/questions/{question_id}", tags=["grading"])

AT_A_TIME = 16
"""A teacher's answers graded in one piece; students' answers are taken between two pieces."""

SubmissionId = Annotated[int, Path(ge=1, le=MAX_ROW)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Sent again with the same key, an answer is not stored twice.",
    ),
]


@router.post("/grade")
async def grade(body: AnswersIn, record: OwnQuestion, room: Room) -> Results:
    """Grade answers without keeping them."""
    limit = room.settings.limits.answers_per_request
    if len(body.answers) > limit:
        raise TooLargeError(f"{len(body.answers)} answers; at most {limit} are taken at once", field="answers")
    results: list[Result] = []
    levels: list[float] = []
    for start in range(0, len(body.answers), AT_A_TIME):
        done = await asyncio.wrap_future(room.ask(record, body.answers[start : start + AT_A_TIME]))
        assert isinstance(done, list)
        levels = list(done[0].levels)
        results += [views.result(item, record.language) for item in done]
    return Results(levels=levels, results=results)


@router.post("/submissions", status_code=201)
async def hand_in(
    body: SubmissionIn, record: StudentsQuestion, student: Student, room: Room, idempotency_key: IdempotencyKey = None
) -> Acknowledged:
    """Hand in an answer. What comes back is on the disk; 429 says when, or that no, attempt is left."""
    done = await asyncio.wrap_future(room.hand_in(student, record, body.answer, idempotency_key))
    assert isinstance(done, HandedIn)
    return Acknowledged(
        id=done.submission.id,
        grade=done.submission.grade,
        max_grade=record.max_grade,
        reason=done.submission.reason,
        reason_text=reason_text(done.submission.reason, record.language),
        attempts_left=done.attempts_left,
        retry_after=round(done.retry_after, 1),
    )


@router.get("/submissions")
def list_submissions(record: SeenQuestion, account: SignedIn, room: Room) -> list[Submission | OwnSubmission]:
    """A teacher sees every student's submissions, a student their own."""
    if account.role == "student":
        return list(views.own_submissions(room, record, account))
    return list(views.submissions(room, record))


@router.post("/submissions/{submission_id}/grade")
def grade_submission(submission_id: SubmissionId, body: GradeIn, record: OwnQuestion, room: Room) -> Regraded:
    """The teacher grades a submission: it joins the graded answers, and everything is graded again."""
    milliseconds = room.grade_submission(record, submission_id, body.grade)
    return views.regraded(room, record, milliseconds)


@router.post("/regrade")
def regrade(record: OwnQuestion, room: Room) -> Regraded:
    """Learn and grade again from nothing but the graded answers."""
    return views.regraded(room, record, room.regrade(record))


@router.get("/suggest")
def suggest(record: OwnQuestion, room: Room, count: Annotated[int, Query(ge=1, le=50)] = 3) -> list[Suggestion]:
    """Which submissions to grade next."""
    return views.suggestions(room, record, count)


@router.get("/distribution")
def distribution(record: OwnQuestion, room: Room) -> Distribution:
    """How often each grade is given."""
    return views.distribution(room, record)
