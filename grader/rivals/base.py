"""What a rival is: anything that grades a question's other answers from some graded ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from grader.answers import AnswerTable
from grader.levels import Floats, GradeScale, grade_scale
from synth.graded import GradedQuestion


@dataclass(frozen=True)
class Task:
    """Grade `query` from `support`, all answers of one question."""

    question: GradedQuestion
    source: str
    """The data set; rivals that learned from it must not have."""
    support: AnswerTable
    support_texts: Sequence[str]
    grades: Floats
    query: AnswerTable
    query_texts: Sequence[str]
    seed: int = 0

    @property
    def scale(self) -> GradeScale:
        """The levels that the support shows."""
        return grade_scale(self.grades, self.question.max_grade)


@dataclass(frozen=True)
class Graded:
    """A rival's grades of the query answers."""

    grades: Floats
    """(m,), each a level of the task's scale."""
    probabilities: Floats | None = None
    """(m, K) over the task's levels, where the rival has them."""


@dataclass(frozen=True)
class Rival:
    """A named way to grade, with one line on what it is."""

    name: str
    summary: str
    grade: Callable[[Task], Graded] = field(repr=False)
    slow: bool = False
    """Seconds per question: left out unless it is asked for by name."""


def nearest(task: Task, predicted: Floats) -> Graded:
    """Predicted grades, rounded to the task's levels."""
    return Graded(task.scale.nearest(predicted))
