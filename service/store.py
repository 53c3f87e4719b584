"""Questions, graded answers, submissions and the audit trail as rows."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from encoders.base import Vectors
from grader.storage import ANSWERS, FITS, QUESTIONS, VECTORS, StoredAnswer
from service.database import Database, available
from service.errors import ConflictError, NotFoundError
from service.tables import EVENTS, LESSONS, SUBMISSIONS
from synth.examples import text_hash
from synth.graded import GradedAnswer, GradedQuestion


@dataclass(frozen=True)
class QuestionRecord:
    """A question as it is kept."""

    text: str
    language: str
    max_grade: float
    references: tuple[str, ...] = ()
    accepted_languages: tuple[str, ...] = ()
    open: bool = False
    id: str = ""
    teacher_id: int = 0
    graded_count: int = 0
    submissions_count: int = 0

    def graded_question(self, answers: Sequence[StoredAnswer]) -> GradedQuestion:
        """As gate and grader know it."""
        return GradedQuestion(
            id=self.id,
            text=self.text,
            language=self.language,
            max_grade=self.max_grade,
            answers=tuple(GradedAnswer(answer.text, answer.grade) for answer in answers if answer.grade is not None),
            references=self.references,
            group=f"teacher-{self.teacher_id}",
            accepted_languages=self.accepted_languages,
        )


@dataclass(frozen=True)
class Submission:
    """An answer a student handed in; `grade` and `reason` are what the student was told at once."""

    question_id: str
    student_id: int
    number: int
    """1 for the student's first attempt at the question."""
    text: str
    time: float
    grade: float
    reason: str | None
    misses: int = 0
    """Earlier attempts of the student that were turned away as off the topic."""
    flags: tuple[str, ...] = ()
    idempotency_key: str | None = None
    id: int = 0


@dataclass(frozen=True)
class Event:
    """One line of the audit trail: somebody sent something, whatever became of it."""

    account_id: int
    question_id: str
    kind: str
    text: str
    detail: dict[str, Any] = field(default_factory=dict)
    time: float = 0.0


class LessonStore:
    """The rows of a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add_question(self, teacher_id: int, record: QuestionRecord) -> str:
        """Keep a new question; returns its id."""
        question_id = secrets.token_hex(8)
        with self.database.write() as connection:
            connection.execute(insert(QUESTIONS).values(id=question_id, course="", **_question_values(record)))
            connection.execute(
                insert(LESSONS).values(
                    question_id=question_id, teacher_id=teacher_id, created=time.time(), **_lesson_values(record)
                )
            )
        return question_id

    def update_question(self, record: QuestionRecord) -> None:
        """Replace what a question says.

        Raises:
            ConflictError: a graded answer has more than the new highest grade.
        """
        with self.database.write() as connection:
            highest = connection.execute(
                select(func.max(ANSWERS.c.grade)).where(ANSWERS.c.question_id == record.id)
            ).scalar()
            if highest is not None and highest > record.max_grade:
                raise ConflictError(
                    f"an answer is graded {highest:g}, above the new highest grade {record.max_grade:g}; "
                    "change that grade first",
                    field="max_grade",
                )
            connection.execute(update(QUESTIONS).where(QUESTIONS.c.id == record.id).values(**_question_values(record)))
            lesson = update(LESSONS).where(LESSONS.c.question_id == record.id).values(**_lesson_values(record))
            connection.execute(lesson)
            connection.execute(delete(FITS).where(FITS.c.question_id == record.id))

    def delete_question(self, question_id: str) -> None:
        """Remove a question with its answers. The audit trail stays."""
        with self.database.write() as connection:
            for table in (SUBMISSIONS, ANSWERS, FITS, LESSONS):
                connection.execute(delete(table).where(table.c.question_id == question_id))
            connection.execute(delete(QUESTIONS).where(QUESTIONS.c.id == question_id))

    def questions(self, teacher_id: int, only_open: bool = False) -> list[QuestionRecord]:
        """A teacher's questions, oldest first."""
        query = _QUESTION.where(LESSONS.c.teacher_id == teacher_id).order_by(LESSONS.c.created, LESSONS.c.question_id)
        if only_open:
            query = query.where(LESSONS.c.open)
        with self.database.read() as connection:
            return [_record(row) for row in connection.execute(query)]

    def question(self, question_id: str) -> QuestionRecord:
        """One question.

        Raises:
            NotFoundError: no such question.
        """
        with self.database.read() as connection:
            row = connection.execute(_QUESTION.where(LESSONS.c.question_id == question_id)).first()
        if row is None:
            raise NotFoundError("there is no such question")
        return _record(row)

    def graded(self, question_id: str) -> list[StoredAnswer]:
        """Graded answers in the order they were added."""
        with available():
            return [answer for answer in self.database.grades.answers(question_id) if answer.grade is not None]

    def add_graded(self, question_id: str, answers: Sequence[GradedAnswer]) -> int:
        """Keep graded answers, all or none; a text that is there already gets the new grade. Returns how many are
        new.
        """
        with self.database.write() as connection:
            query = select(ANSWERS.c.text_hash, ANSWERS.c.id).where(ANSWERS.c.question_id == question_id)
            known = {row[0]: row[1] for row in connection.execute(query)}
            fresh: dict[str, dict[str, Any]] = {}
            for answer in answers:
                key = text_hash(answer.text)
                if key in known:
                    changed = update(ANSWERS).where(ANSWERS.c.id == known[key])
                    connection.execute(changed.values(grade=answer.grade))
                else:
                    fresh[key] = {
                        "question_id": question_id,
                        "text": answer.text,
                        "text_hash": key,
                        "grade": answer.grade,
                    }
            if fresh:
                connection.execute(insert(ANSWERS), list(fresh.values()))
            connection.execute(delete(FITS).where(FITS.c.question_id == question_id))
        return len(fresh)

    def set_grade(self, question_id: str, answer_id: int, grade: float) -> None:
        """Change the grade of a graded answer that the question has."""
        with self.database.write() as connection:
            mine = (ANSWERS.c.id == answer_id) & (ANSWERS.c.question_id == question_id)
            connection.execute(update(ANSWERS).where(mine).values(grade=grade))
            connection.execute(delete(FITS).where(FITS.c.question_id == question_id))

    def delete_graded(self, question_id: str, answer_id: int) -> None:
        """Remove a graded answer."""
        with self.database.write() as connection:
            mine = (ANSWERS.c.id == answer_id) & (ANSWERS.c.question_id == question_id)
            connection.execute(delete(ANSWERS).where(mine))
            connection.execute(delete(FITS).where(FITS.c.question_id == question_id))

    def submissions(self, question_id: str) -> list[Submission]:
        """Submissions in the order they came."""
        query = select(*_SUBMISSION).where(SUBMISSIONS.c.question_id == question_id).order_by(SUBMISSIONS.c.id)
        with self.database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Submission(**{**row, "flags": tuple(row["flags"])}) for row in rows]

    def attempts(self, student_id: int) -> dict[str, tuple[int, float]]:
        """Question id -> how many answers the student handed in there, and when the last."""
        columns = (SUBMISSIONS.c.question_id, func.count(), func.max(SUBMISSIONS.c.time))
        query = select(*columns).where(SUBMISSIONS.c.student_id == student_id).group_by(SUBMISSIONS.c.question_id)
        with self.database.read() as connection:
            return {question: (count, last) for question, count, last in connection.execute(query)}

    def save(
        self,
        submissions: Sequence[Submission],
        events: Sequence[Event],
        vectors: Mapping[str, Vectors],
        encoder_hash: str,
    ) -> list[Submission]:
        """Keep what students sent in one transaction; returns the submissions with their ids.

        Args:
            vectors: the encoder's rows by text, so that a restart need not encode again.
        """
        saved = []
        with self.database.write() as connection:
            for submission in submissions:
                row = {name: getattr(submission, name) for name in _SUBMISSION_FIELDS}
                row |= {"flags": list(submission.flags), "text_hash": text_hash(submission.text)}
                done = connection.execute(insert(SUBMISSIONS).values(**row))
                assert done.inserted_primary_key is not None
                saved.append(replace(submission, id=int(done.inserted_primary_key[0])))
            _put_events(connection, events)
            _put_vectors(connection, vectors, encoder_hash)
        return saved

    def record(self, events: Sequence[Event]) -> None:
        """Add to the audit trail."""
        with self.database.write() as connection:
            _put_events(connection, events)

    def events(self, question_id: str) -> list[Event]:
        """The question's audit trail in the order things happened."""
        columns = [EVENTS.c[name] for name in ("account_id", "question_id", "kind", "text", "detail", "time")]
        query = select(*columns).where(EVENTS.c.question_id == question_id).order_by(EVENTS.c.id)
        with self.database.read() as connection:
            return [Event(*row) for row in connection.execute(query)]

    def known_vectors(self, texts: Sequence[str], encoder_hash: str) -> dict[str, Vectors]:
        """The encoder's rows of those answers the database has."""
        keys = {text_hash(text): text for text in texts}
        found: dict[str, Vectors] = {}
        query = select(VECTORS.c.text_hash, VECTORS.c.vector).where(VECTORS.c.encoder_hash == encoder_hash)
        with self.database.read() as connection:
            for some in batched(keys, 500):
                for key, blob in connection.execute(query.where(VECTORS.c.text_hash.in_(some))):
                    found[keys[key]] = np.frombuffer(blob, dtype="<f4")
        return found

    def keep_vectors(self, vectors: Mapping[str, Vectors], encoder_hash: str) -> None:
        """Keep the encoder's rows of answers, so that a restart need not encode again."""
        with self.database.write() as connection:
            _put_vectors(connection, vectors, encoder_hash)


_SUBMISSION_FIELDS = (
    "question_id",
    "student_id",
    "number",
    "text",
    "time",
    "grade",
    "reason",
    "misses",
    "idempotency_key",
)
_SUBMISSION = [SUBMISSIONS.c[name] for name in (*_SUBMISSION_FIELDS, "flags", "id")]
_GRADED_COUNT = (
    select(func.count())
    .where(ANSWERS.c.question_id == LESSONS.c.question_id, ANSWERS.c.grade.is_not(None))
    .scalar_subquery()
)
_SUBMISSIONS_COUNT = select(func.count()).where(SUBMISSIONS.c.question_id == LESSONS.c.question_id).scalar_subquery()
_QUESTION = select(
    QUESTIONS.c.text,
    QUESTIONS.c.language,
    QUESTIONS.c.max_grade,
    QUESTIONS.c.reference_answers,
    LESSONS.c.accepted_languages,
    LESSONS.c.open,
    LESSONS.c.question_id,
    LESSONS.c.teacher_id,
    _GRADED_COUNT,
    _SUBMISSIONS_COUNT,
).select_from(LESSONS.join(QUESTIONS, QUESTIONS.c.id == LESSONS.c.question_id))


def _record(row: Any) -> QuestionRecord:
    text, language, max_grade, references, accepted, *rest = row
    return QuestionRecord(text, language, max_grade, tuple(references), tuple(accepted), *rest)


def _question_values(record: QuestionRecord) -> dict[str, Any]:
    return {
        "text": record.text,
        "language": record.language,
        "max_grade": record.max_grade,
        "reference_answers": list(record.references),
    }


def _lesson_values(record: QuestionRecord) -> dict[str, Any]:
    return {"accepted_languages": list(record.accepted_languages), "open": record.open}


def _put_events(connection: Connection, events: Sequence[Event]) -> None:
    now = time.time()
    rows = [
        {
            "time": event.time or now,
            "account_id": event.account_id,
            "question_id": event.question_id,
            "kind": event.kind,
            "text": event.text,
            "detail": event.detail,
        }
        for event in events
    ]
    if rows:
        connection.execute(insert(EVENTS), rows)


def _put_vectors(connection: Connection, vectors: Mapping[str, Vectors], encoder_hash: str) -> None:
    rows = [
        {
            "encoder_hash": encoder_hash,
            "text_hash": text_hash(text),
            "vector": np.asarray(vector, "<f4").tobytes(),
        }
        for text, vector in vectors.items()
    ]
    if rows:
        # Another thread may have kept the same text's vector a moment ago; it is the same vector.
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(VECTORS).on_conflict_do_nothing(), rows)


def batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of at most `size` items."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
