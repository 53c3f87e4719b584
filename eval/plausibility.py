"""Whether a grader grades at all: turning everybody away keeps all nonsense out, and may not pass for that."""

from __future__ import annotations

from eval.results import SuiteResult
from eval.thresholds import Check

MAX_ZEROED = 0.25
"""Highest share of credited answers that a grader may give a 0. It is not a quality to aim at but the line behind which
a low leak rate says nothing; our own full grader stays far below it."""


def plausibility_check(result: SuiteResult) -> Check:
    """The check that every run makes, whatever its thresholds: credited honest answers that were graded 0."""
    zeroed = result.zeroed
    detail = f"{zeroed.events} of {zeroed.attempts} honest answers worth at least half marks were graded 0"
    return Check("credited answers graded 0", MAX_ZEROED, zeroed.rate, detail, subject="credited")
