"""Questions: a teacher's own to write, what is open to a student to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter

from service.access import OwnQuestion, Room, SeenQuestion, SignedIn, Teacher
from service.accounts import Account
from service.classroom import Classroom
from service.schemas import Question, QuestionIn, QuestionPatch, StudentQuestion
from service.store import QuestionRecord

router = APIRouter(prefix="/api/v1/questions", tags=["questions"])


@router.get("")
def list_questions(account: SignedIn, room: Room) -> list[Question | StudentQuestion]:
    """A teacher's questions, or those open to a student, oldest first."""
    return shown(room.questions(account), account, room)


@router.post("", status_code=201)
def add_question(body: QuestionIn, teacher: Teacher, room: Room) -> Question:
    """A new question. Grade some answers next: students are graded from those."""
    record = QuestionRecord(
        text=body.text,
        language=body.language,
        max_grade=body.max_grade,
        references=tuple(body.reference_answers),
        accepted_languages=tuple(body.accepted_languages),
        open=body.open,
    )
    return as_question(room.add_question(teacher, record))


@router.get("/{question_id}")
def get_question(record: SeenQuestion, account: SignedIn, room: Room) -> Question | StudentQuestion:
    """One question."""
    return shown([record], account, room)[0]


@router.patch("/{question_id}")
def change_question(body: QuestionPatch, record: OwnQuestion, room: Room) -> Question:
    """Change what is given; `open` lets students see the question and hand in answers."""
    given: dict[str, Any] = body.model_dump(exclude_none=True)
    for name, stored in (("reference_answers", "references"), ("accepted_languages", "accepted_languages")):
        if name in given:
            given[stored] = tuple(given.pop(name))
    return as_question(room.change_question(replace(record, **given)))


@router.delete("/{question_id}", status_code=204)
def delete_question(record: OwnQuestion, room: Room) -> None:
    """Remove a question with its graded answers and submissions. The audit trail is kept."""
    room.delete_question(record)


def shown(records: Sequence[QuestionRecord], account: Account, room: Classroom) -> list[Question | StudentQuestion]:
    """What the account may see of the questions."""
    if account.role == "teacher":
        return [as_question(record) for record in records]
    return [
        StudentQuestion(
            id=record.id,
            text=record.text,
            language=record.language,
            max_grade=record.max_grade,
            attempts_left=left,
            retry_after=wait,
        )
        for record, (left, wait) in zip(records, room.attempts_left(account, records), strict=True)
    ]


def as_question(record: QuestionRecord) -> Question:
    """All of it."""
    return Question(
        id=record.id,
        text=record.text,
        language=record.language,
        max_grade=record.max_grade,
        reference_answers=list(record.references),
        accepted_languages=list(record.accepted_languages),
        graded_count=record.graded_count,
        submissions_count=record.submissions_count,
        open=record.open,
    )
