"""Results: the adversarial suite on a question, tables, LTI scores, the audit trail."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from eval.suite import MIN_ANSWERS
from service import views
from service.access import OwnQuestion, Room, Teacher
from service.answer_files import csv_table, xlsx_table
from service.errors import ConflictError
from service.schemas import AuditEvent, Job, JobStarted, LtiScore
from service.suite import attack_question

router = APIRouter(prefix="/api/v1", tags=["results"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _content(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {}}}}


@router.post("/questions/{question_id}/suite", status_code=202)
def start_suite(record: OwnQuestion, teacher: Teacher, room: Room) -> JobStarted:
    """Attack this very question with every family of the adversarial suite."""
    question = record.graded_question(room.store.graded(record.id))
    if len(question.answers) < MIN_ANSWERS:
        raise ConflictError(f"grade at least {MIN_ANSWERS} answers first", code="too_few_graded_answers")
    return JobStarted(job=room.jobs.start(teacher.id, lambda progress: attack_question(room.full, question, progress)))


@router.get("/jobs/{job}")
def get_job(job: Annotated[str, Path(pattern="^[0-9a-f]{1,32}$")], teacher: Teacher, room: Room) -> Job:
    """How far a job is, and its result."""
    state = room.jobs.get(teacher.id, job)
    return Job(state=state.state, done=state.done, total=state.total, result=state.result, error=state.error)


@router.get("/questions/{question_id}/export.csv", response_class=Response, responses=_content("text/csv"))
def export_csv(record: OwnQuestion, room: Room) -> Response:
    """Graded answers and submissions as a CSV file that a spreadsheet may open without running anything."""
    return _file(csv_table(views.export_rows(room, record)), "text/csv; charset=utf-8", record.id, "csv")


@router.get("/questions/{question_id}/export.xlsx", response_class=Response, responses=_content(XLSX))
def export_xlsx(record: OwnQuestion, room: Room) -> Response:
    """The same as an Excel workbook."""
    return _file(xlsx_table(views.export_rows(room, record)), XLSX, record.id, "xlsx")


@router.get("/questions/{question_id}/lti.json")
def lti_scores(record: OwnQuestion, room: Room) -> list[LtiScore]:
    """One score per student, the best of their attempts, as LTI Assignment and Grade Services name them."""
    return views.lti_scores(room, record)


@router.get("/questions/{question_id}/audit")
def audit(record: OwnQuestion, room: Room) -> list[AuditEvent]:
    """Everything students sent, also what was refused."""
    return [
        AuditEvent(time=event.time, who=who, kind=event.kind, text=event.text, detail=event.detail)
        for who, event in room.audit(record)
    ]


def _file(content: bytes, media_type: str, name: str, suffix: str) -> Response:
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}
    )
