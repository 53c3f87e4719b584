"""A Python function as a target, in a process of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval.targets.base import Target, TargetConfigError
from eval.targets.command import BATCH, CommandTarget
from eval.targets.kinds import TargetKind
from eval.targets.settings import TargetSettings

WORKER = Path(__file__).with_name("function_worker.py")
_NAME = re.compile(r"(?P<place>.+\.py|[A-Za-z_][\w.]*):(?P<function>[A-Za-z_][\w.]*)")


@contextmanager
def _opened(settings: TargetSettings) -> Iterator[tuple[Target, dict[str, object]]]:
    """The function gets `(question, support, answers)` as `eval.targets.exchange` describes and returns the grades.

    It is looked for before the run begins, in the process that will serve it.
    """
    place = settings.target.rpartition(":")[0]
    if place.endswith(".py") and not Path(place).is_file():
        raise TargetConfigError(f"--target {settings.target}: no such file {place}; check the path")
    # -P: the folder of the worker must not hide modules of the function's own.
    arguments = [sys.executable, "-P", str(WORKER), settings.target]
    target = CommandTarget(
        arguments, settings.name or f"function {settings.target}", settings.timeout, settings.batch or BATCH
    )
    try:
        yield target, {"function": settings.target}
    finally:
        target.close()


KIND = TargetKind(
    name="function",
    form="MODULE:FUNCTION or FILE.py:FUNCTION",
    summary="a Python function `(question, support, answers) -> grades`",
    claims=lambda target: _NAME.fullmatch(target) is not None,
    opened=_opened,
)
