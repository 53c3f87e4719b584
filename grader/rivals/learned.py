"""The grader itself, with a prior that did not learn from the data set it is judged on."""

from __future__ import annotations

from collections.abc import Callable

from grader.prior import GraderPrior
from grader.question import QuestionGrader
from grader.rivals.base import Graded, Rival, Task


def grader_rival(
    prior_for: Callable[[str], GraderPrior], name: str = "grader", summary: str = "the grader with its learned prior"
) -> Rival:
    """The grader with `prior_for(source)` as prior."""

    def grade(task: Task) -> Graded:
        grader = QuestionGrader(max_grade=task.question.max_grade, prior=prior_for(task.source))
        grader.fit(task.support, task.grades)
        probabilities = grader.probabilities(task.query)
        return Graded(grader.read_off(probabilities), probabilities)

    return Rival(name, summary, grade)


UNTRAINED = grader_rival(lambda source: GraderPrior(), "untrained", "the grader with the prior that no data taught")
