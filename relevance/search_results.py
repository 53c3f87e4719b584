"""What a search found: its trials as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relevance.training import TrainingConfig
from synth.whole_files import write_whole_text


@dataclass(frozen=True)
class Trial:
    """One configuration with its best objective and the curves by epoch.

    `state`: finished, stopped early (by ASHA) or failed. `seconds`: of its last run.
    """

    name: str
    state: str
    config: TrainingConfig
    objective: float
    objectives: tuple[float, ...]
    losses: tuple[float, ...]
    seconds: float

    @property
    def epochs(self) -> int:
        """Epochs it was trained for."""
        return len(self.objectives)


@dataclass(frozen=True)
class SearchResult:
    """All trials, the best first, and where Ray keeps its logs (TensorBoard reads them)."""

    trials: tuple[Trial, ...]
    folder: Path

    @property
    def best(self) -> TrainingConfig:
        """Configuration of the best trial."""
        return self.trials[0].config

    def write(self, path: str | os.PathLike[str]) -> None:
        """The table of trials: CSV when the name ends so (without the curves), else JSON."""
        path = Path(path)
        write_whole_text(path, self._csv() if path.suffix == ".csv" else self._json())

    def _json(self) -> str:
        curves = [{"objectives": trial.objectives, "losses": trial.losses} for trial in self.trials]
        rows = [{**_summary(trial), "config": trial.config.as_dict()} for trial in self.trials]
        return json.dumps([{**row, **curve} for row, curve in zip(rows, curves, strict=True)], indent=2) + "\n"

    def _csv(self) -> str:
        rows = [{**_summary(trial), **trial.config.as_dict()} for trial in self.trials]
        stream = io.StringIO()
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return stream.getvalue()


def _summary(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial.name,
        "state": trial.state,
        "objective": trial.objective,
        "epochs": trial.epochs,
        "seconds": round(trial.seconds, 3),
    }
