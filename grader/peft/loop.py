"""A training loop that can be killed at any moment: one checkpoint file, replaced whole, and no hidden state.

The order of the rows and the dropout of a step follow from the seed and the step's number, so a run that was killed and
continued ends in the same weights as one that was not.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from grader.errors import UsageError

CHECKPOINT = "checkpoint.safetensors"
WEIGHTS, BEST, FIRST, SECOND = "weights/", "best/", "adam1/", "adam2/"


class Trainable(Protocol):
    """What the loop trains."""

    identity: str
    """Describes model, data and settings; a checkpoint of something else is refused."""

    def groups(self) -> list[tuple[dict[str, Any], float]]:
        """Named parameters with their learning rate."""
        ...

    def lengths(self) -> Sequence[int]:
        """Length of every training row; rows of similar length share a batch."""
        ...

    def loss(self, rows: Sequence[int]) -> Any:
        """Mean loss of some training rows, as a scalar tensor."""
        ...

    def validation(self) -> float:
        """Error on held-out rows, lower is better."""
        ...

    def train(self, mode: bool) -> None:
        """Switch dropout on or off."""
        ...


@dataclass(frozen=True)
class Schedule:
    """How long and in what steps."""

    epochs: int
    batch: int
    seed: int = 0
    warmup: float = 0.1
    patience: int = 2
    save_every: int = 50
    """Steps between checkpoints within an epoch."""
    seconds: float | None = None
    """Stop after so long, with a checkpoint; the same call continues."""


@dataclass
class Progress:
    """Where training stands; what the checkpoint keeps beside the tensors."""

    step: int = 0
    steps: int = 0
    best: float | None = None
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    """Per epoch: mean loss and validation error."""
    loss_sum: float = 0.0
    """Over the steps of the epoch that is under way."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    done: bool = False

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return len(self.history)


class TrainingPausedError(RuntimeError):
    """The time allowed is over; a checkpoint is there and the same command continues."""

    exit_code: ClassVar[int] = 4


Report = Callable[[str], None]


def run_training(task: Trainable, schedule: Schedule, folder: Path, report: Report | None = None) -> Progress:
    """Train until the epochs are over or validation stops getting better; the best epoch's weights are left in `task`.

    Raises:
        TrainingPausedError: `schedule.seconds` are over.
        UsageError: the folder holds a checkpoint of other settings or data.
    """
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    groups = [(parameters, rate) for parameters, rate in task.groups() if parameters]
    named = {name: value for parameters, _ in groups for name, value in parameters.items()}
    optimizer = torch.optim.AdamW(
        [{"params": list(parameters.values()), "lr": rate, "peak": rate} for parameters, rate in groups],
        weight_decay=0.01,
    )
    lengths = np.asarray(task.lengths())
    per_epoch = -(-len(lengths) // schedule.batch)
    state = _Checkpoint(folder / CHECKPOINT, task.identity, named, optimizer)
    progress = state.load() or Progress(steps=per_epoch * schedule.epochs)
    begun, begun_cpu, begun_step = time.monotonic(), time.process_time(), progress.step
    before, before_cpu = progress.seconds, progress.cpu_seconds
    said = begun

    def keep() -> None:
        progress.seconds = before + time.monotonic() - begun
        progress.cpu_seconds = before_cpu + time.process_time() - begun_cpu
        state.save(progress)

    while not progress.done:
        order = epoch_order(lengths, schedule.batch, schedule.seed, progress.epoch)
        task.train(True)
        for number in range(progress.step % per_epoch, per_epoch):
            if schedule.seconds is not None and time.monotonic() - begun > schedule.seconds:
                keep()
                raise TrainingPausedError(
                    f"paused after {progress.step}/{progress.steps} steps, as asked; the same command continues"
                )
            torch.manual_seed(schedule.seed * 1_000_003 + progress.step)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * _rate_factor(progress.step, progress.steps, schedule.warmup)
            loss = task.loss(order[number])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(named.values(), 1.0)
            optimizer.step()
            progress.step += 1
            progress.loss_sum += float(loss.detach())
            if progress.step % schedule.save_every == 0 and progress.step % per_epoch:
                keep()
            if report is not None and time.monotonic() - said > 5:
                said = time.monotonic()
                report(_line(progress, schedule, per_epoch, said - begun, progress.step - begun_step))
        task.train(False)
        _close_epoch(task, progress, schedule, per_epoch, state)
        keep()
        if report is not None:
            last = progress.history[-1]
            report(f"epoch {progress.epoch}: loss {last['loss']:.4f}, validation {last['validation']:.4f}")
    state.restore_best()
    task.train(False)
    return progress


def epoch_order(lengths: Any, batch: int, seed: int, epoch: int) -> list[list[int]]:
    """Batches of one epoch: random rows, of similar length within a batch, the batches in random order."""
    generator = np.random.default_rng([seed, epoch])
    rows = generator.permutation(len(lengths))
    pools = [rows[start : start + 8 * batch] for start in range(0, len(rows), 8 * batch)]
    ordered = np.concatenate([pool[np.argsort(-lengths[pool], kind="stable")] for pool in pools])
    batches = [ordered[start : start + batch].tolist() for start in range(0, len(ordered), batch)]
    return [batches[place] for place in generator.permutation(len(batches))]


def _close_epoch(task: Trainable, progress: Progress, schedule: Schedule, per_epoch: int, state: _Checkpoint) -> None:
    error = task.validation()
    progress.history.append({"loss": progress.loss_sum / per_epoch, "validation": error})
    progress.loss_sum = 0.0
    if progress.best is None or error < progress.best:
        progress.best, progress.best_epoch = error, progress.epoch
        state.note_best()
    waited = progress.epoch - progress.best_epoch
    progress.done = progress.epoch >= schedule.epochs or waited >= schedule.patience


def _rate_factor(step: int, steps: int, warmup: float) -> float:
    """Linear up over the first share of the steps, then linear down to 0."""
    rising = max(1, round(warmup * steps))
    return (step + 1) / rising if step < rising else max(0.0, (steps - step) / max(1, steps - rising))


def _line(progress: Progress, schedule: Schedule, per_epoch: int, seconds: float, steps: int) -> str:
    rate = steps / max(seconds, 1e-9)
    left = (progress.steps - progress.step) / max(rate, 1e-9)
    done = progress.step - progress.epoch * per_epoch
    return (
        f"epoch {progress.epoch + 1}/{schedule.epochs}, step {progress.step}/{progress.steps}, "
        f"{rate * schedule.batch:.1f} answers/s, at most {left / 60:.1f} min left, "
        f"loss {progress.loss_sum / max(1, done):.4f}"
    )


class _Checkpoint:
    """Weights, optimiser moments, best weights and progress in one safetensors file."""

    def __init__(self, path: Path, identity: str, named: dict[str, Any], optimizer: Any) -> None:
        self.path, self.identity, self.named, self.optimizer = path, identity, named, optimizer
        self._best: dict[str, Any] = {}

    def load(self) -> Progress | None:
        import torch
        from safetensors import safe_open

        if not self.path.is_file():
            return None
        with safe_open(self.path, "pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("identity") != self.identity:
                raise UsageError(
                    f"{self.path}: a checkpoint of other data or settings; use another folder or delete it"
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dictionary)
        progress = Progress(**json.loads(metadata["progress"]))
        with torch.no_grad():
            for name, parameter in self.named.items():
                parameter.copy_(tensors[WEIGHTS + name])
                if FIRST + name in tensors:
                    self.optimizer.state[parameter] = {
                        "step": torch.tensor(float(progress.step)),
                        "exp_avg": tensors[FIRST + name].to(parameter.device),
                        "exp_avg_sq": tensors[SECOND + name].to(parameter.device),
                    }
        self._best = {name.removeprefix(BEST): value for name, value in tensors.items() if name.startswith(BEST)}
        return progress

    def save(self, progress: Progress) -> None:
        from safetensors.torch import save_file

        tensors: dict[str, Any] = {}
        for name, parameter in self.named.items():
            tensors[WEIGHTS + name] = parameter.detach().contiguous()
            moments = self.optimizer.state.get(parameter)
            # A finished run keeps only what a look at it needs.
            if moments and not progress.done:
                tensors[FIRST + name], tensors[SECOND + name] = moments["exp_avg"], moments["exp_avg_sq"]
        tensors.update({BEST + name: value for name, value in self._best.items()})
        metadata = {"identity": self.identity, "progress": json.dumps(asdict(progress))}
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        save_file(tensors, temporary, metadata)
        temporary.replace(self.path)

    def note_best(self) -> None:
        self._best = {name: parameter.detach().clone() for name, parameter in self.named.items()}

    def restore_best(self) -> None:
        import torch

        with torch.no_grad():
            for name, value in self._best.items():
                self.named[name].copy_(value)
