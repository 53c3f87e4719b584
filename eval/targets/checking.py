"""A target's grades are believed only after they were looked at; a target that breaks off is asked where."""

from __future__ import annotations

import math
from collections.abc import Sequence

from eval.targets.base import Target, TargetError, TargetExhaustedError, TargetGrade
from synth.graded import GradedAnswer, GradedQuestion

DIVISIBLE = frozenset({"crash", "garbage", "missing rows"})
"""Faults that fail fast, so that the answer behind them can be searched for by halves."""


def grade_checked(
    target: Target, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
) -> list[TargetGrade]:
    """The target's grades of one question's answers: as many as there are answers, each 0 … the maximum.

    Raises:
        TargetExhaustedError: the target took some of the answers at most; its `graded` were looked at as well.
        TargetError: they are not; the error names the question, and the answer where one alone is to blame.
    """
    try:
        return _asked(target, question, support, answers)
    except TargetExhaustedError as error:
        for answer, result in zip(answers, error.graded, strict=False):
            if result is not None:
                _check_grade(question, answer, result)
        raise error.at(question.text) from error
    except TargetError as error:
        if error.fault in DIVISIBLE and error.answer is None and len(answers) > 1:
            error = _located(target, question, support, answers, error)
        raise error.at(question.text) from error


def _located(
    target: Target,
    question: GradedQuestion,
    support: Sequence[GradedAnswer],
    answers: Sequence[str],
    error: TargetError,
) -> TargetError:
    """The same fault on the smallest part of the answers that still shows it, by halving."""
    while len(answers) > 1:
        middle = len(answers) // 2
        for part in (answers[:middle], answers[middle:]):
            try:
                _asked(target, question, support, part)
            except TargetExhaustedError:
                # It cannot be asked where it broke; that it broke stays.
                return error
            except TargetError as found:
                answers, error = part, found
                break
        else:
            return TargetError(
                error.fault, f"{error.detail} (only with {len(answers)} answers at once)", error.question
            )
        if error.answer is not None or error.fault not in DIVISIBLE:
            return error
    return error.at(question.text, answers[0])


def _asked(
    target: Target, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
) -> list[TargetGrade]:
    grades = target.grade(question, support, answers)
    if len(grades) != len(answers):
        raise TargetError("missing rows", f"{len(grades)} grades for {len(answers)} answers")
    for answer, result in zip(answers, grades, strict=True):
        _check_grade(question, answer, result)
    return grades


def _check_grade(question: GradedQuestion, answer: str, result: TargetGrade) -> None:
    _check("grade", result.grade, question.max_grade, answer)
    if result.relevance is not None:
        _check("relevance", result.relevance, 1.0, answer)
    if result.expected_grade is not None:
        _check("expected_grade", result.expected_grade, question.max_grade, answer)


def _check(name: str, value: float, most: float, answer: str) -> None:
    if not isinstance(value, float | int) or math.isnan(value):
        raise TargetError("not a number", f"{name} is {value!r}", answer=answer)
    # A mean of probabilities may be above the maximum by a rounding error.
    if not 0 <= value <= most * (1 + 1e-9 * (name == "expected_grade")):
        raise TargetError("out of range", f"{name} is {value!r}, outside 0 … {most:g}", answer=answer)
