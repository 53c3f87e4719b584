"""A student for one question: a large grader labels answers nobody has marked, the student learns from both."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import regex

from grader.distill.features import CheapReader
from grader.distill.student import Lessons, Student, StudentSettings, train_student
from grader.levels import Floats, GradeScale, grade_scale
from grader.rivals.base import Graded
from grader.rivals.contender import Contender, FittedContender, Footprint
from synth.graded import GradedAnswer, GradedQuestion

MIXED_PER_ANSWER = 4
_SENTENCES = regex.compile(r"(?<=[.!?;。！？；])\s*|\n+")


@dataclass(frozen=True)
class StudentQuestion:
    """A student with its question: grades texts on the question's levels."""

    student: Student
    reader: CheapReader
    scale: GradeScale

    def grade(self, texts: Sequence[str]) -> Graded:
        """Grades (n,) with probabilities (n, K)."""
        probabilities = self.student.probabilities(self.reader.read(texts).astype(np.float64))
        return Graded(self.scale.nearest(probabilities @ self.scale.levels), probabilities)


def distil(
    question: GradedQuestion,
    support: Sequence[GradedAnswer],
    teacher: FittedContender | None,
    transfer: Sequence[str] = (),
    settings: StudentSettings | None = None,
) -> StudentQuestion:
    """Train a student.

    Args:
        support: answers with a teacher's mark.
        teacher: the large grader, fitted to the question; None trains on the marks alone.
        transfer: answers nobody has marked, which the teacher labels; it labels the support too.

    Raises:
        ValueError: no marked answer, a student that is too large, or a teacher without probabilities.
    """
    settings = settings or StudentSettings()
    reader = CheapReader(question, settings.width, settings.signals)
    scale = grade_scale([answer.grade for answer in support], question.max_grade)
    texts = [answer.text for answer in support]
    targets = scale.targets([answer.grade for answer in support])
    soft_rows: Floats = np.zeros((0, reader.columns))
    soft_targets: Floats = np.zeros((0, targets.shape[1]))
    if teacher is not None and settings.weight > 0:
        labelled = [*texts, *transfer]
        graded = teacher.grade(labelled)
        if graded.probabilities is None:
            raise ValueError("the teacher gives no probabilities, so there are no soft labels; choose one that does")
        soft_rows = reader.read(labelled).astype(np.float64)
        soft_targets = _moved(graded.probabilities, teacher.scale, scale)
    lessons = Lessons(reader.read(texts).astype(np.float64), targets, soft_rows, soft_targets)
    return StudentQuestion(train_student(lessons, settings), reader, scale)


def mixed_answers(support: Sequence[GradedAnswer], seed: int = 0, count: int | None = None) -> list[str]:
    """Answers made of parts of real ones, where no unmarked answers are at hand: a teacher's marks for text that lies
    between two answers is what a student can learn there.

    A part is a sentence, or half of an answer that has only one. The same support and seed give the same texts.
    """
    parts = [_parts(answer.text) for answer in support if answer.text.strip()]
    if len(parts) < 2:
        return []
    generator = np.random.default_rng(seed)
    wanted = MIXED_PER_ANSWER * len(parts) if count is None else count
    mixed = []
    for _ in range(wanted):
        left, right = generator.choice(len(parts), 2, replace=False)
        pool = [part for part in itertools.chain(parts[left], parts[right]) if generator.random() < 0.5]
        mixed.append(" ".join(pool) or parts[left][0])
    return list(dict.fromkeys(mixed))


class DistilledContender:
    """Students of a contender, one for every question.

    Args:
        teacher: labels the transfer answers, and is not needed afterwards; None for students of the marks alone.
        transfer: question id -> unmarked answers; mixtures of the graded answers where a question has none.
    """

    def __init__(
        self,
        teacher: Contender | None,
        transfer: Mapping[str, Sequence[str]] | None = None,
        settings: StudentSettings | None = None,
        name: str = "distilled",
    ) -> None:
        self.name = name
        taught = "of the marks alone" if teacher is None else f"taught by {teacher.name}"
        self.summary = f"small network on letters and words, {taught}"
        self.settings = settings or StudentSettings()
        # Levels differ from question to question; this is the size of a student with five.
        parameters = (self.settings.width + 9) * self.settings.hidden + (self.settings.hidden + 1) * 5
        self.footprint = Footprint(parameters, 2 * parameters)
        self._teacher, self._transfer = teacher, dict(transfer or {})

    def fit(self, question: GradedQuestion, support: Sequence[GradedAnswer]) -> StudentQuestion:
        """See `Contender.fit`."""
        if self._teacher is None:
            return distil(question, support, None, (), self.settings)
        transfer = self._transfer.get(question.id) or mixed_answers(support, self.settings.seed)
        return distil(question, support, self._teacher.fit(question, support), transfer, self.settings)


def _parts(text: str) -> list[str]:
    sentences = [part for part in _SENTENCES.split(text) if part and part.strip()]
    if len(sentences) > 1:
        return sentences
    words = text.split()
    if len(words) > 3:
        return [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]
    return [text]


def _moved(probabilities: Floats, own: GradeScale, wanted: GradeScale) -> Floats:
    """Probabilities over one scale's levels as probabilities over another's, each level shared by its neighbours."""
    return probabilities if own == wanted else probabilities @ wanted.targets(own.levels)
