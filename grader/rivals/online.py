"""The online grader as the comparison takes it: fitted once per question, as it is used."""

from __future__ import annotations

from collections.abc import Sequence

from encoders import Encoder
from grader.answers import AnswerReader
from grader.levels import GradeScale
from grader.prior import GraderPrior
from grader.question import QuestionGrader
from grader.rivals.base import Graded
from grader.rivals.contender import FittedContender, Footprint
from synth.graded import GradedAnswer, GradedQuestion


class OnlineContender:
    """The grader with its learned prior."""

    name, summary = "online", "the online grader with its learned prior"

    def __init__(self, encoder: Encoder, prior: GraderPrior, footprint: Footprint) -> None:
        self.footprint = footprint
        self._encoder, self._prior = encoder, prior

    def fit(self, question: GradedQuestion, support: Sequence[GradedAnswer]) -> FittedContender:
        """See `Contender.fit`."""
        reader = AnswerReader(question, self._encoder)
        grader = QuestionGrader(max_grade=question.max_grade, prior=self._prior)
        grader.fit(reader.read([answer.text for answer in support]), [answer.grade for answer in support])
        return _FittedOnline(reader, grader)


class _FittedOnline:
    def __init__(self, reader: AnswerReader, grader: QuestionGrader) -> None:
        self._reader, self._grader = reader, grader

    @property
    def scale(self) -> GradeScale:
        return self._grader.scale

    def grade(self, texts: Sequence[str]) -> Graded:
        probabilities = self._grader.probabilities(self._reader.read(texts))
        return Graded(self._grader.read_off(probabilities), probabilities)
