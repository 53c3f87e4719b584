"""A target's failures: what the run says of the questions it could not finish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.targets import TargetError
from eval.targets.base import shown
from synth.graded import GradedQuestion

if TYPE_CHECKING:
    from eval.results import SuiteResult

SHOWN_FAILURES = 10


@dataclass(frozen=True)
class TargetFailure:
    """A question that counts nowhere, because the target broke its contract on it; `fault` says how."""

    fault: str
    detail: str
    question: str
    language: str
    answer: str | None


def failure_of(error: TargetError, question: GradedQuestion) -> TargetFailure:
    """The failure that an error is."""
    return TargetFailure(error.fault, error.detail, question.text, question.language, error.answer)


def failure_lines(result: SuiteResult) -> list[str]:
    """What to tell people of a run that is not complete; [] for a complete one."""
    if result.complete:
        return []
    asked, answered = result.settings.get("questions", "?"), len(result.outcomes)
    lines = [f"INCOMPLETE: {result.target} graded {answered} of {asked} questions; this run proves nothing"]
    for failure in result.failures[:SHOWN_FAILURES]:
        lines.append(f"  {failure.fault}: {failure.detail}")
        lines.append(f"    question {shown(failure.question)}")
        if failure.answer is not None:
            lines.append(f"    answer   {shown(failure.answer)}")
    if len(result.failures) > SHOWN_FAILURES:
        lines.append(f"  … and {len(result.failures) - SHOWN_FAILURES} more, all in the JSON report")
    lines += [f"  adaptive {method.method}: {method.failure}" for method in result.adaptive if method.failure]
    return lines
