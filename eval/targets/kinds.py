"""What a kind of target is: how it is recognised by what follows `--target`, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from eval.targets.base import Target
from eval.targets.settings import TargetSettings

Opener = Callable[[TargetSettings], AbstractContextManager[tuple[Target, dict[str, object]]]]


@dataclass(frozen=True)
class TargetKind:
    """One way to reach a grader.

    `claims` says whether a text after `--target` is of this kind; `opened` gives the target, to be closed by leaving
    the context, and what a result should say of it (never a secret).
    """

    name: str
    form: str
    summary: str
    claims: Callable[[str], bool] = field(repr=False)
    opened: Opener = field(repr=False)
