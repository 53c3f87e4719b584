"""grader learns to grade one question from 20-30 graded answers, in milliseconds, and grades the rest.

`QuestionGrader` turns answer vectors into grades with probabilities; `OnlineLogisticRegression` is its solver
as a scikit-learn estimator. Importing this package needs numpy alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.answers import AnswerReader, AnswerTable
    from grader.estimates import GradeEstimate
    from grader.estimator import OnlineLogisticRegression
    from grader.levels import GradeScale, grade_scale
    from grader.prior import GraderPrior
    from grader.question import NotFittedError, QuestionGrader

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

_MODULES = {
    "AnswerReader": "grader.answers",
    "AnswerTable": "grader.answers",
    "GradeEstimate": "grader.estimates",
    "GradeScale": "grader.levels",
    "GraderPrior": "grader.prior",
    "NotFittedError": "grader.question",
    "OnlineLogisticRegression": "grader.estimator",
    "QuestionGrader": "grader.question",
    "grade_scale": "grader.levels",
}


def __getattr__(name: str) -> Any:
    # Names are imported when they are first used, so that the command line starts without numpy and pydantic.
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
