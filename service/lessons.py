"""The lessons in memory: read from the database when first needed, followed in step with it afterwards."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field

from encoders.base import Vectors
from grader.full import FullGrader
from service.encoding import RememberingEncoder
from service.errors import ConflictError, UnavailableError
from service.lesson import Lesson
from service.store import LessonStore, Submission

LOG = logging.getLogger("answergate.service")
LESSONS_IN_MEMORY = 200


@dataclass
class Taught:
    """A lesson with what its students sent."""

    lesson: Lesson
    submissions: dict[int, Submission]
    """By id, in the order they came."""
    attempts: dict[int, list[Submission]] = field(default_factory=lambda: defaultdict(list))
    """By student, in the order they came."""

    def __post_init__(self) -> None:
        for submission in self.submissions.values():
            self.attempts[submission.student_id].append(submission)

    def add(self, submission: Submission) -> None:
        """A submission that was stored."""
        self.submissions[submission.id] = submission
        self.attempts[submission.student_id].append(submission)


class Lessons:
    """Lessons by question; those not used for longest are forgotten, and read again when needed."""

    def __init__(self, store: LessonStore, full: FullGrader, encoder: RememberingEncoder) -> None:
        self._store, self._full, self._encoder = store, full, encoder
        self._taught: OrderedDict[str, Taught] = OrderedDict()
        self._lock = threading.Lock()
        self._loading: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def get(self, question_id: str) -> Taught:
        """The lesson of a question.

        Raises:
            NotFoundError: no such question.
            ConflictError: none of its answers is graded.
            UnavailableError: the database failed.
        """
        found = self._known(question_id)
        if found is not None:
            return found
        with self._lock:
            loading = self._loading[question_id]
        with loading:
            found = self._known(question_id)
            if found is None:
                found = self._load(question_id)
                with self._lock:
                    self._taught[question_id] = found
                    while len(self._taught) > LESSONS_IN_MEMORY:
                        self._taught.popitem(last=False)
        return found

    def confirm(self, question_id: str, taught: Taught) -> None:
        """Something was stored and added to `taught`: if that is no longer the lesson others see, have it read again.

        Loading holds the same lock, so that no lesson read before the commit stays.
        """
        with self._lock:
            loading = self._loading[question_id]
        with loading:
            if self._known(question_id) is not taught:
                self.forget(question_id)

    def forget(self, question_id: str) -> None:
        """The question changed: read it again when it is needed next."""
        with self._lock:
            self._taught.pop(question_id, None)

    def _known(self, question_id: str) -> Taught | None:
        with self._lock:
            if question_id in self._taught:
                self._taught.move_to_end(question_id)
            return self._taught.get(question_id)

    def _load(self, question_id: str) -> Taught:
        record = self._store.question(question_id)
        graded = self._store.graded(question_id)
        if not graded:
            message = "no answer to this question is graded yet; the teacher grades some first"
            raise ConflictError(message, code="no_graded_answers")
        submissions = {item.id: item for item in self._store.submissions(question_id)}
        lesson = Lesson(
            self._full, record, graded, [(item.id, item.text, item.misses) for item in submissions.values()]
        )
        self.keep(lesson.encoded())
        return Taught(lesson, submissions)

    def keep(self, vectors: dict[str, Vectors]) -> None:
        """Have vectors in the database, those that are not there yet; they only save time, so failing is no harm."""
        try:
            known = self._store.known_vectors(list(vectors), self._encoder.row_hash)
            fresh = {text: vector for text, vector in vectors.items() if text not in known}
            if fresh:
                self._store.keep_vectors(fresh, self._encoder.row_hash)
        except UnavailableError:
            LOG.warning("%d vectors were not kept; they are computed again after a restart", len(vectors))
