"""grader learns to grade one question from 20-30 graded answers, in milliseconds, and grades the rest.

`QuestionGrader` turns answer vectors into grades with probabilities; `OnlineLogisticRegression` is its solver
as a scikit-learn estimator. Importing this package needs numpy alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.answers import AnswerReader, AnswerTable
from grader.estimates import GradeEstimate
from grader.levels import GradeScale, grade_scale
from grader.prior import GraderPrior
from grader.question import NotFittedError, QuestionGrader

if TYPE_CHECKING:
    from grader.estimator import OnlineLogisticRegression

__all__ = [
    "AnswerReader",
    "AnswerTable",
    "GradeEstimate",
    "GradeScale",
    "GraderPrior",
    "NotFittedError",
    "OnlineLogisticRegression",
    "QuestionGrader",
    "grade_scale",
]


def __getattr__(name: str) -> Any:
    # scikit-learn takes most of a second to import; whoever only grades does not wait for it.
    if name == "OnlineLogisticRegression":
        from grader.estimator import OnlineLogisticRegression

        return OnlineLogisticRegression
    raise AttributeError(f"module 'grader' has no attribute {name!r}")
