"""What happens to answers that wait: admitted or refused, encoded in one batch, graded, kept, acknowledged.

Everything here runs in the grading thread. One thread decides on all attempts, so that two requests of a student at
the same moment cannot both be the last one of the budget. A student hears of a grade when it is on the disk.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from grader.full import GradeResult
from relevance.gate import IRRELEVANT
from service.accounts import Account
from service.encoding import RememberingEncoder
from service.errors import ConflictError, InvalidError, ServiceError, TooManyError
from service.lesson import Read
from service.lessons import Lessons, Taught
from service.metrics import Metrics
from service.probing import flags
from service.settings import AttemptPolicy
from service.store import Event, LessonStore, QuestionRecord, Submission

NO_ATTEMPTS_WAIT = 86_400.0
"""Seconds that a student without attempts is told to stay away. No waiting brings attempts back, but a program that is
told nothing comes back in a second, and every time stands in the audit trail."""


@dataclass(frozen=True)
class Attempt:
    """A student's answer on its way."""

    student: Account
    question: QuestionRecord
    text: str
    key: str | None
    """The request's Idempotency-Key: the same key is the same attempt."""
    time: float


@dataclass(frozen=True)
class Ask:
    """Answers a teacher wants graded and not kept."""

    question: QuestionRecord
    texts: tuple[str, ...]


@dataclass(frozen=True)
class HandedIn:
    """An attempt that is kept, with what is left of the budget."""

    submission: Submission
    attempts_left: int
    retry_after: float


Outcome = HandedIn | list[GradeResult] | Exception


@dataclass
class _Admitted:
    """A place in the batch, what is graded there, and what becomes of it."""

    place: int
    work: Attempt | Ask
    taught: Taught
    texts: tuple[str, ...]
    number: int = 0
    misses: int = 0
    read: Read | None = None
    results: list[GradeResult] | None = None


class HandingIn:
    """Processes batches of attempts and asks; see `GradingQueue`."""

    def __init__(
        self,
        store: LessonStore,
        lessons: Lessons,
        encoder: RememberingEncoder,
        policy: AttemptPolicy,
        metrics: Metrics,
    ) -> None:
        self._store, self._lessons, self._encoder = store, lessons, encoder
        self._policy, self._metrics = policy, metrics

    def process(self, batch: Sequence[Attempt | Ask]) -> list[Outcome]:
        """What became of each piece of work, in order."""
        with self._metrics.grading.time():
            outcomes: list[Outcome | None] = [None] * len(batch)
            admitted = self._admit(batch, outcomes)
            self._grade(admitted, outcomes)
            attempts = [item for item in admitted if outcomes[item.place] is None and isinstance(item.work, Attempt)]
            self._keep(attempts, outcomes)
        self.record_failures(batch, outcomes)
        return [_told(outcome) for outcome in outcomes]

    def _admit(self, batch: Sequence[Attempt | Ask], outcomes: list[Outcome | None]) -> list[_Admitted]:
        admitted = []
        ahead: dict[tuple[str, int], int] = defaultdict(int)
        keys: set[tuple[str, int, str]] = set()
        for place, work in enumerate(batch):
            try:
                taught = self._lessons.get(work.question.id)
                if isinstance(work, Ask):
                    admitted.append(_Admitted(place, work, taught, work.texts))
                    continue
                who = (work.question.id, work.student.id)
                repeated = self._repeated(taught, work)
                if repeated is not None:
                    outcomes[place] = repeated
                    continue
                if work.key is not None and (*who, work.key) in keys:
                    raise TooManyError("this attempt is being graded", retry_after=1, code="in_progress")
                number = self._checked_number(taught, work, ahead[who])
                ahead[who] += 1
                if work.key is not None:
                    keys.add((*who, work.key))
                misses = sum(earlier.reason == IRRELEVANT for earlier in taught.attempts[work.student.id])
                admitted.append(_Admitted(place, work, taught, (work.text,), number, misses))
            except ServiceError as error:
                outcomes[place] = error
        return admitted

    def _repeated(self, taught: Taught, work: Attempt) -> HandedIn | None:
        """The earlier attempt with the same key."""
        if work.key is None:
            return None
        for earlier in taught.attempts[work.student.id]:
            if earlier.idempotency_key == work.key:
                if earlier.text != work.text:
                    message = "this Idempotency-Key was used for another answer; make a new key for every answer"
                    raise InvalidError(message, field="Idempotency-Key", code="idempotency_mismatch")
                return self._handed_in(taught, earlier)
        return None

    def _checked_number(self, taught: Taught, work: Attempt, ahead: int) -> int:
        """The attempt's number.

        Raises:
            TooManyError: the budget is used up, or the delay is not over.
        """
        earlier = taught.attempts[work.student.id]
        number = len(earlier) + ahead + 1
        if number > self._policy.budget:
            message = f"all {self._policy.budget} attempts at this question are used"
            raise TooManyError(message, retry_after=NO_ATTEMPTS_WAIT, code="no_attempts_left")
        last = work.time if ahead else (earlier[-1].time if earlier else -math.inf)
        wait = last + self._policy.delay_after(number - 1) - work.time
        if wait > 0:
            raise TooManyError(f"the next attempt is taken in {math.ceil(wait)} s", retry_after=wait, code="too_soon")
        return number

    def _grade(self, admitted: Sequence[_Admitted], outcomes: list[Outcome | None]) -> None:
        if not admitted:
            return
        try:
            waiting = [text for item in admitted for text in item.taught.lesson.to_encode(item.texts)]
            self._metrics.batch.observe(len(waiting))
            self._encoder.encode(waiting, role="answer")
        except ServiceError as error:
            for item in admitted:
                outcomes[item.place] = error
            return
        for item in admitted:
            try:
                item.read, item.results = item.taught.lesson.read_and_grade(item.texts, [item.misses] * len(item.texts))
                if isinstance(item.work, Ask):
                    outcomes[item.place] = item.results
            except Exception as error:
                # One text that breaks something must not take the others' grades with it.
                outcomes[item.place] = error

    def _keep(self, attempts: Sequence[_Admitted], outcomes: list[Outcome | None]) -> None:
        if not attempts:
            return
        try:
            saved = self._save(attempts)
        except IntegrityError:
            # One attempt that cannot be kept (its question was deleted meanwhile) must not take the others with it.
            if len(attempts) > 1:
                for item in attempts:
                    self._keep([item], outcomes)
                return
            message = "the question was changed meanwhile; load it again"
            outcomes[attempts[0].place] = ConflictError(message)
            self._lessons.forget(attempts[0].work.question.id)
            return
        except ServiceError as error:
            for item in attempts:
                outcomes[item.place] = error
            return
        for item, submission in zip(attempts, saved, strict=True):
            assert item.read is not None
            item.taught.lesson.add_submissions([submission.id], item.read)
            item.taught.add(submission)
            self._lessons.confirm(submission.question_id, item.taught)
            outcomes[item.place] = self._handed_in(item.taught, submission)

    def _save(self, attempts: Sequence[_Admitted]) -> list[Submission]:
        submissions, events, vectors = [], [], {}
        for item in attempts:
            work = item.work
            assert isinstance(work, Attempt) and item.read is not None and item.results is not None
            result = item.results[0]
            earlier = [other.text for other in item.taught.attempts[work.student.id]]
            submissions.append(
                Submission(
                    question_id=work.question.id,
                    student_id=work.student.id,
                    number=item.number,
                    text=work.text,
                    time=work.time,
                    grade=result.grade,
                    reason=result.reason,
                    misses=item.misses,
                    flags=flags(work.text, earlier),
                    idempotency_key=work.key,
                )
            )
            detail = {"grade": result.grade, "reason": result.reason, "attempt": item.number}
            events.append(Event(work.student.id, work.question.id, "graded", work.text, detail, work.time))
            vectors.update(item.read.encoded)
        return self._store.save(submissions, events, vectors, self._encoder.row_hash)

    def _handed_in(self, taught: Taught, submission: Submission) -> HandedIn:
        attempts = taught.attempts[submission.student_id]
        return HandedIn(submission, *self._policy.left_after(len(attempts), attempts[-1].time, time.time()))

    def record_failures(self, batch: Sequence[Attempt | Ask], outcomes: Sequence[Outcome | None]) -> None:
        """Refused and failed attempts go into the audit trail too."""
        events = []
        for work, outcome in zip(batch, outcomes, strict=True):
            if isinstance(work, Attempt):
                refused = isinstance(outcome, ServiceError)
                self._metrics.submissions.labels(outcome.code if isinstance(outcome, ServiceError) else "graded").inc()
                if refused:
                    assert isinstance(outcome, ServiceError)
                    detail = {"refused": outcome.code}
                    events.append(Event(work.student.id, work.question.id, "refused", work.text, detail, work.time))
        if events:
            try:
                self._store.record(events)
            except ServiceError:
                # The database is what failed; the log has said so.
                return


def _told(outcome: Outcome | None) -> Outcome:
    assert outcome is not None
    return outcome
