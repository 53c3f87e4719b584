"""Arguments that several commands share, and how they are read."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    # argparse's own class takes no type arguments when the program runs.
    Subparsers = argparse._SubParsersAction


def comma_list(value: str) -> list[str]:
    """`a,b` as a list."""
    return [part.strip() for part in value.split(",") if part.strip()]


def kind_counts(value: str) -> dict[str, int]:
    """`correct=8,irrelevant=6` as counts.

    Raises:
        argparse.ArgumentTypeError: a part is not `kind=number`.
    """
    counts: dict[str, int] = {}
    for part in comma_list(value):
        kind, equals, number = part.partition("=")
        if not equals or not number.strip().isdigit():
            raise argparse.ArgumentTypeError(f"'{part}' is not kind=number, as in correct=8,irrelevant=6")
        counts[kind.strip()] = int(number)
    return counts


def positive(value: str) -> int:
    """A whole number above 0.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{value}' is not a whole number above 0")
    return number
