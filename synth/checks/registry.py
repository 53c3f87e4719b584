"""All checks, in the order of the report."""

from __future__ import annotations

from synth.checks.balance import BALANCE_CHECKS
from synth.checks.duplicates import DUPLICATE_CHECKS
from synth.checks.rows import ROW_CHECKS

CHECKS = (*ROW_CHECKS, *DUPLICATE_CHECKS, *BALANCE_CHECKS)
