"""checks look at a finished file and say everything that is wrong with it, at its row."""

from synth.checks.base import Check, CheckContext, Finding, LocatedRow
from synth.checks.registry import CHECKS
from synth.checks.validate import ValidationReport, validate_bank, validate_files

__all__ = [
    "CHECKS",
    "Check",
    "CheckContext",
    "Finding",
    "LocatedRow",
    "ValidationReport",
    "validate_bank",
    "validate_files",
]
