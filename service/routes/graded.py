"""Graded answers: what the grader learns from. Every change regrades everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Path, UploadFile

from service import views
from service.access import OwnQuestion, Room
from service.answer_files import read_graded_upload
from service.errors import TooLargeError
from service.schemas import MAX_ROW, Added, GradedAnswer, GradedAnswersIn, GradeIn, Regraded, RowError
from synth.graded import GradedAnswer as Graded

router = APIRouter(prefix="/api/v1/questions/{question_id}", tags=["graded answers"])

AnswerId = Annotated[int, Path(ge=1, le=MAX_ROW)]


@router.get("/graded")
def list_graded(record: OwnQuestion, room: Room) -> list[GradedAnswer]:
    """Graded answers with what the grader would give them."""
    return views.graded(room, record)


@router.post("/graded")
def add_graded(body: GradedAnswersIn, record: OwnQuestion, room: Room) -> Added:
    """Add graded answers. With any error nothing is stored, and all errors are named."""
    rows = [(number, Graded(item.answer, item.grade)) for number, item in enumerate(body.answers, 1)]
    return _add(rows, [], record, room)


@router.post("/graded/file")
def add_graded_file(file: Annotated[UploadFile, File()], record: OwnQuestion, room: Room) -> Added:
    """Add graded answers from a CSV, XLSX or JSON Lines file with the columns `answer` and `grade`."""
    limit = room.settings.limits.graded_answers
    rows, errors = read_graded_upload(file.filename or "", file.file.read(), limit)
    return _add(rows, errors, record, room)


@router.patch("/graded/{answer_id}")
def change_grade(answer_id: AnswerId, body: GradeIn, record: OwnQuestion, room: Room) -> Regraded:
    """Change a grade; all answers with their new grades come back."""
    milliseconds = room.change_grade(record, answer_id, body.grade)
    return views.regraded(room, record, milliseconds)


@router.delete("/graded/{answer_id}", status_code=204)
def delete_graded(answer_id: AnswerId, record: OwnQuestion, room: Room) -> None:
    """Forget a graded answer; all others are graded again."""
    room.delete_graded(record, answer_id)


def _add(rows: list[tuple[int, Graded]], errors: list[RowError], record: OwnQuestion, room: Room) -> Added:
    limits = room.settings.limits
    if len(rows) > limits.graded_answers:
        raise TooLargeError(f"{len(rows)} answers; at most {limits.graded_answers} are taken", code="too_many_answers")
    for number, answer in rows:
        if len(answer.text) > limits.answer_characters:
            message = f"{len(answer.text)} characters; at most {limits.answer_characters} are taken"
            errors.append(RowError(row=number, field="answer", message=message))
        if not 0 <= answer.grade <= record.max_grade:
            message = f"{answer.grade:g} is outside 0 … {record.max_grade:g}"
            errors.append(RowError(row=number, field="grade", message=message))
    if errors:
        return Added(added=0, errors=sorted(errors, key=lambda error: error.row))
    return Added(added=room.add_graded(record, [answer for _, answer in rows]) if rows else 0)
