"""Everything the endpoints do, without HTTP: questions, grading, submissions, with who may do what."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace

from encoders import Encoder, StoredEncoder
from grader.full import FullGrader, GradeResult
from relevance.artifact import load_gate
from relevance.gate import Gate
from service.accounts import Account, Accounts
from service.database import Database
from service.encoding import RememberingEncoder
from service.errors import InvalidError, NotFoundError, ServiceError, TooLargeError
from service.grading_queue import GradingQueue
from service.handing_in import Ask, Attempt, HandedIn, HandingIn
from service.jobs import Jobs
from service.lessons import Lessons
from service.metrics import Metrics
from service.settings import Settings
from service.store import Event, LessonStore, QuestionRecord
from synth.graded import GradedAnswer

LOG = logging.getLogger("answergate.service")


class Classroom:
    """A running service over one database.

    Args:
        settings: limits and places.
        gate: judges answers; by default the one that `settings.gate` names.

    Raises:
        StorageError: the database cannot be opened.
        ArtifactError: the gate cannot be used.
    """

    def __init__(self, settings: Settings, gate: Gate | None = None) -> None:
        self.settings = settings
        self.metrics = Metrics()
        loaded = gate or load_gate(None if settings.gate == "bundled" else settings.gate, threads=settings.threads)
        self.encoder = RememberingEncoder(_unstored(loaded.encoder))
        self._gate = Gate(loaded.parts, self.encoder)
        self.full = FullGrader(self.encoder, self._gate)
        self.database = Database(settings.database, settings.lock_wait)
        self.accounts = Accounts(self.database)
        self.store = LessonStore(self.database)
        self.encoder.recall = lambda texts: self.store.known_vectors(texts, self.encoder.row_hash)
        self.lessons = Lessons(self.store, self.full, self.encoder)
        self._handing_in = HandingIn(self.store, self.lessons, self.encoder, settings.attempts, self.metrics)
        self._queue: GradingQueue[Attempt | Ask, HandedIn | list[GradeResult]] = GradingQueue(
            self._handing_in.process, settings.queue, settings.batch
        )
        self.metrics.watch_queue(self._queue)
        self.jobs = Jobs()
        self._changes: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def close(self) -> None:
        """Grade and keep what waits, then let go of the database."""
        self._queue.close()
        self.jobs.close()
        self.database.close()

    # Questions.

    def questions(self, account: Account) -> list[QuestionRecord]:
        """A teacher's own, or what is open to a student."""
        if account.role == "teacher":
            return self.store.questions(account.id)
        return self.store.questions(account.teacher_id or 0, only_open=True)

    def attempts_left(self, student: Account, records: Sequence[QuestionRecord]) -> list[tuple[int, float]]:
        """For each question how many attempts the student has left, and the seconds until the next is taken."""
        had, now = self.store.attempts(student.id), time.time()
        return [self.settings.attempts.left_after(*had.get(record.id, (0, 0.0)), now) for record in records]

    def question(self, account: Account, question_id: str) -> QuestionRecord:
        """A question the account may see.

        Raises:
            NotFoundError: there is none, or it is not theirs.
        """
        record = self.store.question(question_id)
        own = account.id if account.role == "teacher" else account.teacher_id
        if record.teacher_id != own or (account.role == "student" and not record.open):
            raise NotFoundError("there is no such question")
        return record

    def add_question(self, teacher: Account, record: QuestionRecord) -> QuestionRecord:
        """A new question of the teacher."""
        self._check_question(record)
        return self.store.question(self.store.add_question(teacher.id, record))

    def change_question(self, record: QuestionRecord) -> QuestionRecord:
        """Replace what a question says; answers are judged anew."""
        self._check_question(record)
        before = self.store.question(record.id)
        self.store.update_question(record)
        if replace(before, open=record.open) != record:
            self.lessons.forget(record.id)
        return self.store.question(record.id)

    def delete_question(self, record: QuestionRecord) -> None:
        """Remove a question with its answers; the audit trail stays."""
        self.store.delete_question(record.id)
        self.lessons.forget(record.id)

    def _check_question(self, record: QuestionRecord) -> None:
        limit = self.settings.limits.question_characters
        for name, text in [("text", record.text), *(("reference_answers", text) for text in record.references)]:
            if len(text) > limit:
                raise TooLargeError(f"{len(text)} characters; at most {limit} are taken", field=name)

    # Graded answers.

    def add_graded(self, record: QuestionRecord, answers: Sequence[GradedAnswer]) -> int:
        """Keep graded answers and learn from them. Returns how many are new.

        Raises:
            TooLargeError: the question would have more graded answers than the limit.
        """
        limit = self.settings.limits.graded_answers
        known = {answer.text for answer in self.store.graded(record.id)}
        if len(known | {answer.text for answer in answers}) > limit:
            raise TooLargeError(f"a question has at most {limit} graded answers", code="too_many_answers")
        # Encoded before anything is stored: when the encoder fails, nothing has happened.
        prepared = self._gate.for_question(record.graded_question(()), answers).prepared_support
        self.encoder.encode([answer.own_text for answer in prepared], role="answer")
        with self._changing(record):
            added = self.store.add_graded(record.id, answers)
            self._learn(record)
        return added

    def change_grade(self, record: QuestionRecord, answer_id: int, grade: float) -> float:
        """Change one grade; every answer is graded again. Returns the milliseconds that took."""
        check_grade(grade, record.max_grade)
        self._graded_answer(record, answer_id)
        taught = self.lessons.get(record.id)
        with self._changing(record):
            self.store.set_grade(record.id, answer_id, grade)
            started = time.perf_counter()
            taught.lesson.change_grade(answer_id, grade)
            taught.lesson.submitted_standing()
            seconds = time.perf_counter() - started
            self.lessons.confirm(record.id, taught)
        self.metrics.regrading.observe(seconds)
        return seconds * 1000

    def delete_graded(self, record: QuestionRecord, answer_id: int) -> None:
        """Forget a graded answer."""
        self._graded_answer(record, answer_id)
        with self._changing(record):
            self.store.delete_graded(record.id, answer_id)
            self._learn(record)

    def regrade(self, record: QuestionRecord) -> float:
        """Learn and grade again from nothing but the graded answers. Returns the milliseconds that took."""
        taught = self.lessons.get(record.id)
        started = time.perf_counter()
        taught.lesson.regrade()
        taught.lesson.submitted_standing()
        seconds = time.perf_counter() - started
        self.metrics.regrading.observe(seconds)
        return seconds * 1000

    def grade_submission(self, record: QuestionRecord, submission_id: int, grade: float) -> float:
        """The teacher grades a submission: it joins the graded answers. Returns the milliseconds of regrading."""
        check_grade(grade, record.max_grade)
        found = [item for item in self.store.submissions(record.id) if item.id == submission_id]
        if not found:
            raise NotFoundError("the question has no such submission")
        with self._changing(record):
            self.store.add_graded(record.id, [GradedAnswer(found[0].text, grade)])
            started = time.perf_counter()
            self._learn(record)
            seconds = time.perf_counter() - started
        self.metrics.regrading.observe(seconds)
        return seconds * 1000

    @contextmanager
    def _changing(self, record: QuestionRecord) -> Iterator[None]:
        """One change of a question at a time: memory follows the database in the same order."""
        with self._changes[record.id]:
            try:
                yield
            except BaseException:
                # It may be in the database and not in memory.
                self.lessons.forget(record.id)
                raise

    def _graded_answer(self, record: QuestionRecord, answer_id: int) -> None:
        if all(answer.id != answer_id for answer in self.store.graded(record.id)):
            raise NotFoundError("the question has no such graded answer")

    def _learn(self, record: QuestionRecord) -> None:
        """Graded answers came or went: a lesson that is in memory follows."""
        graded = self.store.graded(record.id)
        if not graded:
            self.lessons.forget(record.id)
            return
        taught = self.lessons.get(record.id)
        taught.lesson.replace_graded(graded)
        self.lessons.keep(taught.lesson.encoded())
        self.lessons.confirm(record.id, taught)

    # Grading and handing in.

    def ask(self, record: QuestionRecord, texts: Sequence[str]) -> Future[HandedIn | list[GradeResult]]:
        """Have answers graded without keeping them.

        Raises:
            TooLargeError: an answer is too long.
            TooManyError: the queue is full.
        """
        for text in texts:
            self._check_length(text, "answers")
        return self._queue.submit(Ask(record, tuple(texts)))

    def hand_in(
        self, student: Account, record: QuestionRecord, text: str, key: str | None
    ) -> Future[HandedIn | list[GradeResult]]:
        """Have a student's answer graded and kept.

        Raises:
            TooLargeError: the answer is too long; its beginning goes into the audit trail.
            TooManyError: the queue is full.
        """
        attempt = Attempt(student, record, text, key, time.time())
        try:
            self._check_length(text, "answer")
            return self._queue.submit(attempt)
        except ServiceError as error:
            self._handing_in.record_failures([attempt], [error])
            raise

    def _check_length(self, text: str, name: str) -> None:
        limit = self.settings.limits.answer_characters
        if len(text) > limit:
            message = f"{len(text)} characters; an answer has at most {limit}"
            raise TooLargeError(message, field=name, code="answer_too_long")

    def audit(self, record: QuestionRecord) -> list[tuple[str, Event]]:
        """The question's audit trail with names."""
        events = self.store.events(record.id)
        names = self.accounts.names({event.account_id for event in events})
        return [(names.get(event.account_id, "?"), event) for event in events]


def check_grade(grade: float, max_grade: float) -> None:
    """Raise `InvalidError` unless 0 <= grade <= max_grade."""
    if not 0 <= grade <= max_grade:
        raise InvalidError(f"{grade:g} is outside 0 … {max_grade:g}; correct the grade", field="grade")


def _unstored(encoder: Encoder) -> Encoder:
    """The encoder without its store of vectors on disk: the service keeps vectors in its database."""
    return encoder.encoder if isinstance(encoder, StoredEncoder) else encoder
