"""Search the relevance model's hyperparameters with Ray Tune: ASHA stops what trails, a killed search is continued."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from relevance.episodes import EpisodeTable
from relevance.pipeline import GateTrainingData
from relevance.training import TrainingConfig, train_model

EXPERIMENT = "search"
METRIC = "objective"


class SearchError(RuntimeError):
    """A search cannot be continued, or none of its trials finished."""

    exit_code: ClassVar[int] = 4


@dataclass(frozen=True)
class Trial:
    """One configuration with its best objective and the curves by epoch."""

    config: TrainingConfig
    objective: float
    epochs: int
    objectives: tuple[float, ...]
    losses: tuple[float, ...]


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
        """The table of trials as JSON."""
        rows = [
            {
                "config": trial.config.as_dict(),
                "objective": trial.objective,
                "epochs": trial.epochs,
                "objectives": trial.objectives,
                "losses": trial.losses,
            }
            for trial in self.trials
        ]
        Path(path).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def search_space() -> dict[str, Any]:
    """What is searched: the article's batch size, learning rate, dropout and optimizer, and the network's shape."""
    from ray import tune

    return {
        "batch_size": tune.choice([128, 256, 512]),
        "learning_rate": tune.loguniform(3e-4, 6e-3),
        "dropout": tune.uniform(0.1, 0.6),
        "optimizer": tune.choice(["adamw", "adam", "sgd"]),
        "width": tune.choice([32, 64, 128]),
        "depth": tune.choice([1, 2]),
        "weight_decay": tune.loguniform(0.02, 0.4),
        "interactions": tune.choice([True, True, False]),
    }


def search(
    data: GateTrainingData,
    folder: str | os.PathLike[str],
    trials: int = 16,
    epochs: int = 12,
    seed: int = 0,
    resume: bool = False,
    ray_address: str | None = None,
    concurrent: int = 2,
    quiet: bool = True,
) -> SearchResult:
    """Search on fold 0 as validation, the other folds as training data.

    Args:
        folder: where Ray writes (made absolute); a search there can be continued with `resume`.
        ray_address: an existing cluster ("auto" or an address); by default one is started on this machine.
        concurrent: trials at one time, one core and one torch thread each. With one, the same seed gives the same
            search; with more, what ASHA stops depends on which trial reports first.

    Raises:
        SearchError: `resume` without a search in `folder`, or no trial finished.
    """
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    experiment = folder / EXPERIMENT
    if resume and not tune.Tuner.can_restore(str(experiment)):
        raise SearchError(f"{experiment}: no search to resume; start one without --resume")
    # Ray lowers its workers' priority by default; beside anything else on the machine they would starve.
    os.environ.setdefault("RAY_worker_niceness", "0")
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    started = not ray.is_initialized()
    if started:
        _start_ray(ray_address, concurrent)
    try:
        training, validation = data.held_out(0)
        trainable = tune.with_resources(
            tune.with_parameters(_run_trial, training=training, validation=validation), {"cpu": 1}
        )
        if resume:
            tuner = tune.Tuner.restore(str(experiment), trainable, resume_errored=True, restart_errored=False)
        else:
            tuner = tune.Tuner(
                trainable,
                param_space={**search_space(), "epochs": epochs, "seed": seed},
                tune_config=tune.TuneConfig(
                    metric=METRIC,
                    mode="max",
                    num_samples=trials,
                    max_concurrent_trials=concurrent,
                    scheduler=ASHAScheduler(max_t=epochs, grace_period=min(3, epochs), reduction_factor=2),
                    search_alg=tune.search.BasicVariantGenerator(random_state=seed),
                    reuse_actors=True,
                ),
                run_config=tune.RunConfig(name=EXPERIMENT, storage_path=str(folder), verbose=0 if quiet else 1),
            )
        results = tuner.fit()
        found = [_trial(result) for result in results if result.metrics and METRIC in result.metrics]
    finally:
        if started:
            ray.shutdown()
    if not found:
        raise SearchError(f"{experiment}: no trial finished; its logs say why")
    return SearchResult(tuple(sorted(found, key=lambda trial: -trial.objective)), experiment)


def _start_ray(address: str | None, cores: int) -> None:
    import logging

    import ray

    if address:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    else:
        ray.init(num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)


def _run_trial(config: dict[str, Any], training: EpisodeTable, validation: EpisodeTable) -> None:
    import torch
    from ray import tune

    torch.set_num_threads(1)
    best = -1.0

    def report(epoch: int, loss: float, objective: float) -> None:
        nonlocal best
        best = max(best, objective)
        tune.report({METRIC: best, "objective_now": objective, "loss": loss, "epoch": epoch})

    train_model(training, validation, TrainingConfig(**config), on_epoch=report)


def _trial(result: Any) -> Trial:
    curves = result.metrics_dataframe
    return Trial(
        config=TrainingConfig(**result.config),
        objective=float(curves[METRIC].max()),
        epochs=len(curves),
        objectives=tuple(float(value) for value in curves["objective_now"]),
        losses=tuple(float(value) for value in curves["loss"]),
    )
