"""A question while the teacher grades it: every change of a grade gives every answer its new estimate at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from encoders import Encoder
from grader.answers import AnswerReader
from grader.artifact import bundled_prior
from grader.estimates import GradeEstimate
from grader.levels import Floats
from grader.prior import GraderPrior
from grader.question import QuestionGrader
from grader.selection import next_to_grade
from grader.storage import GradeStore, StorageError


@dataclass(frozen=True)
class LiveGrade:
    """One stored answer with the teacher's grade (None if not graded) and the grader's estimate."""

    answer_id: int
    text: str
    teacher_grade: float | None
    estimate: GradeEstimate


class LiveQuestion:
    """A stored question, its answers read once; grades can change, estimates follow in milliseconds.

    Args:
        store: The database.
        question_id: A question in it with at least one graded answer.
        encoder: Its vectors are kept in the database.
        prior: By default the bundled one.

    Raises:
        StorageError: no such question, or none of its answers is graded.
    """

    def __init__(self, store: GradeStore, question_id: str, encoder: Encoder, prior: GraderPrior | None = None) -> None:
        self.question = store.question(question_id)
        self._store, self._encoder = store, encoder
        self._answers = store.answers(question_id)
        if not any(answer.grade is not None for answer in self._answers):
            raise StorageError(f"no answer to '{self.question.text[:60]}' is graded; grade one first")
        texts = [answer.text for answer in self._answers]
        self._table = AnswerReader(self.question, encoder).read(texts, store.vectors(texts, encoder))
        self._rows = {answer.id: row for row, answer in enumerate(self._answers)}
        self._grades: list[float | None] = [answer.grade for answer in self._answers]
        self._prior = prior or bundled_prior(encoder)
        self._fit()

    @property
    def grades(self) -> list[LiveGrade]:
        """Every answer, graded or not, in the order they were added."""
        estimates = self._grader.estimate(self._covariance, self._mean)
        return [
            LiveGrade(answer.id, answer.text, grade, estimate)
            for answer, grade, estimate in zip(self._answers, self._grades, estimates, strict=True)
        ]

    @property
    def given_grades(self) -> Floats:
        """(n,) grades the grader gives, without the rest of the estimates."""
        return self._grader.read_off(self._grader.probabilities_of(self._covariance, self._mean))

    def set_grade(self, answer_id: int, grade: float) -> None:
        """The teacher graded an answer, or changed its grade: stored first, then learned.

        Raises:
            StorageError: the question has no such answer.
            ValueError: the grade is outside 0 … max_grade.
        """
        if answer_id not in self._rows:
            raise StorageError(f"the question has no answer {answer_id}")
        self._store.set_grade(answer_id, grade)
        row = self._rows[answer_id]
        known = self._grades[row] is not None
        self._grades[row] = grade
        if known:
            self._grader.change_grade(int(np.flatnonzero(self._graded == row)[0]), grade)
        else:
            self._fit()

    def ask(self) -> int | None:
        """Id of the ungraded answer whose grade would teach most; None when all are graded."""
        open_rows = np.array([row for row, grade in enumerate(self._grades) if grade is None], dtype=np.int64)
        if not len(open_rows):
            return None
        return self._answers[int(open_rows[next_to_grade(self._grader, self._table.take(open_rows))])].id

    def _fit(self) -> None:
        self._graded = np.array([row for row, grade in enumerate(self._grades) if grade is not None], dtype=np.int64)
        marks = np.array([self._grades[row] for row in self._graded], dtype=np.float64)
        grader = QuestionGrader(max_grade=self.question.max_grade, prior=self._prior)
        self._grader = grader.fit(self._table.take(self._graded), marks)
        self._covariance, self._mean = self._grader.covariance_with(self._table)

    def save(self) -> None:
        """Keep the fitted numbers in the database (grades are kept as they are given)."""
        self._store.save_fit(self.question.id, self._encoder.content_hash, self._grader.weights())
