"""Counts of a running search on standard error; apart from `relevance.search`, for the class needs ray imported."""

from __future__ import annotations

import sys
import time
from typing import Any

from ray.tune import Callback


class SearchProgress(Callback):  # type: ignore[misc]
    """A line whenever trials have ended: how many of how many, the best objective, the time gone and left."""

    def __init__(self, metric: str, total: int) -> None:
        self.metric = metric
        self.total = total
        self.started: float | None = None
        self.before = 0
        self.shown = 0

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """The state of the search has been saved before this is called."""
        done = sum(trial.is_finished() for trial in trials)
        if self.started is None:
            self.started, self.before = time.monotonic(), done
        elif done > self.shown:
            gone = time.monotonic() - self.started
            left = gone / max(1, done - self.before) * (self.total - done)
            best = max((trial.last_result.get(self.metric, 0.0) for trial in trials), default=0.0)
            line = f"trials {done}/{self.total}, best {best:.4f}, {gone:.0f} s, about {left:.0f} s left"
            print(line, file=sys.stderr, flush=True)
        self.shown = done

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial failed for good."""
        print(f"trial {trial.trial_id} failed; its folder says why", file=sys.stderr, flush=True)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial's worker or node died; it begins again."""
        print(f"trial {trial.trial_id} lost its worker and begins again", file=sys.stderr, flush=True)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A resumed search times itself, not the one that was stopped.
        self.__dict__.update(state, started=None, before=0, shown=0)
