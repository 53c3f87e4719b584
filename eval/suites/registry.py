"""The table of named suites."""

from __future__ import annotations

from difflib import get_close_matches

from eval.suites import ding2020
from eval.suites.base import NamedSuite, SuiteError

SUITES: tuple[NamedSuite, ...] = (ding2020.SUITE,)


def named_suites() -> dict[str, NamedSuite]:
    """All suites by name."""
    return {suite.name: suite for suite in SUITES}


def suite_by_name(name: str) -> NamedSuite:
    """The suite of this name.

    Raises:
        SuiteError: there is none.
    """
    suites = named_suites()
    if name not in suites:
        close = get_close_matches(name, suites, n=1)
        remedy = f"did you mean {close[0]}?" if close else f"there is {', '.join(suites)}"
        raise SuiteError(f"no suite '{name}'; {remedy}")
    return suites[name]
