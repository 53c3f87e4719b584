"""The table of kinds of targets, and the one way to open a target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from eval.targets import command, full_grader, function, http, llm
from eval.targets.base import Target, TargetConfigError
from eval.targets.kinds import TargetKind
from eval.targets.settings import TargetSettings

KINDS: tuple[TargetKind, ...] = (full_grader.KIND, http.KIND, command.KIND, llm.KIND, function.KIND)
"""All kinds, the first that claims a target has it."""


def kind_of(target: str) -> TargetKind:
    """The kind of what follows `--target`.

    Raises:
        TargetConfigError: it is of no kind.
    """
    for kind in KINDS:
        if kind.claims(target):
            return kind
    forms = "; ".join(kind.form for kind in KINDS)
    raise TargetConfigError(
        f"--target {target!r} is no target; write one of: {forms}; or a YAML file with these settings"
    )


@contextmanager
def open_target(settings: TargetSettings) -> Iterator[tuple[Target, dict[str, object]]]:
    """Open a target and close it at the end; with it comes what a result should say of it.

    Raises:
        TargetConfigError: the settings cannot be used.
        ArtifactError: our gate is not usable.
    """
    kind = kind_of(settings.target)
    with kind.opened(settings) as (target, described):
        yield target, {"target_kind": kind.name, **described}
