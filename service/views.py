"""A lesson's state in the shapes that go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from grader.full import GradeResult
from service import schemas
from service.accounts import Account
from service.classroom import Classroom
from service.errors import ConflictError
from service.lessons import Taught
from service.reasons import reason_text
from service.store import QuestionRecord, Submission


def graded(room: Classroom, record: QuestionRecord) -> list[schemas.GradedAnswer]:
    """Graded answers with the grader's own opinion."""
    if not record.graded_count:
        return []
    return _graded(room.lessons.get(record.id))


def regraded(room: Classroom, record: QuestionRecord, milliseconds: float) -> schemas.Regraded:
    """Every answer after a change."""
    taught = room.lessons.get(record.id)
    ids, standing = taught.lesson.submitted_standing()
    submissions = [
        schemas.SubmissionGrade(
            id=number, grade=grade, reason=None if grade > 0 else verdict.reason, relevance=verdict.relevance
        )
        for number, grade, verdict in zip(ids, standing.grades.tolist(), standing.verdicts, strict=True)
    ]
    return schemas.Regraded(graded=_graded(taught), submissions=submissions, milliseconds=round(milliseconds, 3))


def result(item: GradeResult, language: str) -> schemas.Result:
    """One result of the full grader."""
    return schemas.Result(
        grade=item.grade,
        probabilities=list(item.probabilities),
        relevance=item.relevance,
        reason=item.reason,
        reason_text=reason_text(item.reason, language),
    )


def submissions(room: Classroom, record: QuestionRecord) -> list[schemas.Submission]:
    """All submissions as the teacher sees them."""
    names = None
    found = []
    for submission, item, given in _present(room, record):
        names = names or _names(room, record)
        found.append(
            schemas.Submission(
                **_own(submission, item, record).model_dump(),
                student=names.get(submission.student_id, "?"),
                told=submission.grade,
                teacher_grade=given,
                relevance=item.relevance,
                probabilities=[round(float(value), 6) for value in item.probabilities],
                flags=list(submission.flags),
            )
        )
    return found


def own_submissions(room: Classroom, record: QuestionRecord, student: Account) -> list[schemas.OwnSubmission]:
    """A student's own submissions: the grade and the reason, nothing of how they came about."""
    return [
        _own(submission, item, record)
        for submission, item, _ in _present(room, record)
        if submission.student_id == student.id
    ]


def suggestions(room: Classroom, record: QuestionRecord, count: int) -> list[schemas.Suggestion]:
    """What to grade next."""
    if not record.graded_count:
        return []
    taught = room.lessons.get(record.id)
    return [
        schemas.Suggestion(
            submission_id=item.submission_id, answer=taught.submissions[item.submission_id].text, why=item.why
        )
        for item in taught.lesson.suggest(count)
        if item.submission_id in taught.submissions
    ]


def distribution(room: Classroom, record: QuestionRecord) -> schemas.Distribution:
    """Counts of every grade."""
    if not record.graded_count:
        return schemas.Distribution(levels=[], graded=[], predicted=[])
    lesson = room.lessons.get(record.id).lesson
    levels = lesson.levels()

    def counts(grades: Any) -> list[int]:
        nearest = np.abs(np.asarray(grades)[:, None] - levels).argmin(axis=1)
        return np.bincount(nearest, minlength=len(levels)).tolist()  # type: ignore[no-any-return]

    _, _, given = lesson.graded_rows()
    _, present = lesson.submitted_standing()
    return schemas.Distribution(levels=levels.tolist(), graded=counts(given.grades), predicted=counts(present.grades))


def export_rows(room: Classroom, record: QuestionRecord) -> list[dict[str, Any]]:
    """Graded answers, then submissions, as rows of a table that can be uploaded again."""
    common = {"question": record.text, "max_grade": record.max_grade, "language": record.language}
    rows: list[dict[str, Any]] = [
        {
            "answer": item.answer,
            "grade": item.grade,
            **common,
            "graded_by": "teacher",
            "predicted": item.predicted,
            "reason": item.reason,
        }
        for item in graded(room, record)
    ]
    for item in submissions(room, record):
        rows.append(
            {
                "answer": item.answer,
                "grade": item.grade,
                **common,
                "graded_by": "grader" if item.teacher_grade is None else "teacher",
                "predicted": item.told,
                "reason": item.reason,
                "student": item.student,
                "attempt": item.number,
                "time": _iso(item.time),
                "flags": " ".join(item.flags),
            }
        )
    return rows


EXPORT_COLUMNS = (
    "answer",
    "grade",
    "max_grade",
    "graded_by",
    "predicted",
    "reason",
    "student",
    "attempt",
    "time",
    "flags",
    "question",
    "language",
)


def lti_scores(room: Classroom, record: QuestionRecord) -> list[schemas.LtiScore]:
    """One score per student: the best of their attempts, the earliest of equals."""
    best: dict[int, tuple[Submission, GradeResult, float | None]] = {}
    for row in _present(room, record):
        student = row[0].student_id
        if student not in best or row[1].grade > best[student][1].grade:
            best[student] = row
    names = _names(room, record) if best else {}
    return [
        schemas.LtiScore(
            userId=names.get(student, "?"),
            scoreGiven=item.grade,
            scoreMaximum=record.max_grade,
            activityProgress="Submitted" if record.open else "Completed",
            gradingProgress="Pending" if record.open else "FullyGraded",
            timestamp=_iso(submission.time),
            comment=reason_text(item.reason, record.language) or "",
        )
        for student, (submission, item, _) in best.items()
    ]


def _graded(taught: Taught) -> list[schemas.GradedAnswer]:
    texts, ids, standing = taught.lesson.graded_rows()
    return [
        schemas.GradedAnswer(
            id=number,
            answer=text,
            grade=grade,
            predicted=predicted,
            reason=verdict.reason,
            relevance=verdict.relevance,
        )
        for number, text, grade, predicted, verdict in zip(
            ids, texts, standing.grades.tolist(), standing.predicted.tolist(), standing.verdicts, strict=True
        )
    ]


def _present(room: Classroom, record: QuestionRecord) -> list[tuple[Submission, GradeResult, float | None]]:
    """Every submission with its present result, and the teacher's grade of its text."""
    if not record.submissions_count:
        return []
    try:
        taught = room.lessons.get(record.id)
    except ConflictError:
        # The last graded answer was taken away: what students were told is all there is.
        return [(item, _told(item, record), None) for item in room.store.submissions(record.id)]
    ids, results = taught.lesson.submitted_results()
    given = taught.lesson.teacher_grade
    return [
        (taught.submissions[number], item, given(taught.submissions[number].text))
        for number, item in zip(ids, results, strict=True)
        if number in taught.submissions
    ]


def _told(item: Submission, record: QuestionRecord) -> GradeResult:
    return GradeResult(item.grade, record.max_grade, (), (), item.grade, (item.grade, item.grade), None, item.reason)


def _own(submission: Submission, item: GradeResult, record: QuestionRecord) -> schemas.OwnSubmission:
    return schemas.OwnSubmission(
        id=submission.id,
        number=submission.number,
        time=submission.time,
        answer=submission.text,
        grade=item.grade,
        max_grade=record.max_grade,
        reason=item.reason,
        reason_text=reason_text(item.reason, record.language),
    )


def _names(room: Classroom, record: QuestionRecord) -> dict[int, str]:
    return room.accounts.students_of(record.teacher_id)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
