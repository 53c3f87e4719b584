"""Published protocols as named suites: their attacks, how they count, and the files they were published on."""

from eval.suites.base import NamedSuite, SuiteError
from eval.suites.registry import named_suites, suite_by_name

__all__ = ["NamedSuite", "SuiteError", "named_suites", "suite_by_name"]
