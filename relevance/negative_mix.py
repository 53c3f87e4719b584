"""Named mixes of negatives: which kind of text to be turned away weighs how much in training."""

from __future__ import annotations

from relevance.episodes import BORROWED
from synth.bank import ADVERSARIAL_KINDS

EMPHASIS = 2.0

NEGATIVE_MIXES: dict[str, str] = {
    "even": "every family alike, but for its size",
    "borrowed": "answers to other questions count double",
    "written": "texts written to be turned away (restated, vacuous, absurd, key words) count double",
    "attacks": "generated attacks count double",
}


def emphasis(mix: str, family: str) -> float:
    """Factor of a negative family's weight.

    Raises:
        ValueError: there is no such mix.
    """
    if mix not in NEGATIVE_MIXES:
        raise ValueError(f"unknown negative mix '{mix}'; use one of {', '.join(NEGATIVE_MIXES)}")
    return EMPHASIS if mix == kind_of(family) else 1.0


def kind_of(family: str) -> str:
    """`borrowed`, `written` or `attacks`."""
    if family in BORROWED:
        return "borrowed"
    return "written" if family in ADVERSARIAL_KINDS.values() else "attacks"
