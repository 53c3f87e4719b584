"""Stored runs: every result kept as a file of its own, and the trend over them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from eval.contract import ResultFileError
from eval.results import Rate, SuiteResult

_NAME = re.compile(r"(?P<time>\d{8}T\d{6}Z)(?:_(?P<label>.+))?\.json")
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class StoredRun:
    """What the trend shows of one stored run. `label` is what the user called it, or empty."""

    time: datetime
    label: str
    target: str
    must_reject: Rate
    genuine: Rate
    qwk: float


def store_run(
    folder: str | os.PathLike[str], result: SuiteResult, label: str | None = None, time: datetime | None = None
) -> Path:
    """Keep a result as `TIME_LABEL.json`, whole or not at all, and return its path.

    Args:
        time: when the run was; by default now.
    """
    stamp = (time or datetime.now(UTC)).astimezone(UTC).strftime(_TIME)
    safe = re.sub(r"[^\w.-]+", "-", label or "").strip("-.")[:60]
    path = Path(folder) / f"{stamp}{'_' + safe if safe else ''}.json"
    result.write(path)
    return path


def read_history(folder: str | os.PathLike[str]) -> list[StoredRun]:
    """The stored runs of a folder, the oldest first. Other files in it are left alone; of each run the totals are read.

    Raises:
        ResultFileError: a file with the name of a stored run is none.
    """
    runs = []
    for path in sorted(Path(folder).glob("*.json")):
        if found := _NAME.fullmatch(path.name):
            time = datetime.strptime(found["time"], _TIME).replace(tzinfo=UTC)
            runs.append(_stored(path, time, found["label"] or ""))
    return runs


def _stored(path: Path, time: datetime, label: str) -> StoredRun:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        leaks, honest = raw["totals"]["must_reject"], raw["totals"]["genuine"]
        return StoredRun(
            time=time,
            label=label,
            target=str(raw["target"]),
            must_reject=Rate(int(leaks["leaks"]), int(leaks["attempts"])),
            genuine=Rate(int(honest["false_rejections"]), int(honest["answers"])),
            qwk=float(raw["grading"]["qwk"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ResultFileError(f"{path}: not a stored run ({error!r}); move it out of the folder") from error
