"""Search the relevance model's hyperparameters with Ray Tune: ASHA stops what trails, a killed search is continued."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from relevance.episodes import EpisodeTable
from relevance.feature_sets import FEATURE_SETS
from relevance.negative_mix import NEGATIVE_MIXES
from relevance.pipeline import GateTrainingData
from relevance.search_results import SearchResult, Trial
from relevance.training import TrainingConfig, train_model
from synth.whole_files import write_whole_text

EXPERIMENT = "search"
SETTINGS_FILE = "settings.json"
METRIC = "objective"
MAX_FAILURES = 3
"""How often a trial is begun again after its worker or node died."""


class SearchError(RuntimeError):
    """No trial of a search finished."""

    exit_code: ClassVar[int] = 4


class ResumeError(SearchError):
    """There is no search to resume, or it was one of other data or settings."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class SearchSettings:
    """What makes two searches the same one."""

    data_sha256: str
    trials: int
    epochs: int
    seed: int

    def write(self, folder: Path) -> None:
        """Beside the experiment, whole or not at all."""
        write_whole_text(folder / SETTINGS_FILE, json.dumps(self.__dict__, indent=2) + "\n")

    def check_resumable(self, folder: Path) -> None:
        """Refuse to continue a search of other data or settings.

        Raises:
            ResumeError: `folder` holds no search, or one that differs; the differences are named.
        """
        from ray import tune

        if not (folder / SETTINGS_FILE).is_file() or not tune.Tuner.can_restore(str(folder / EXPERIMENT)):
            raise ResumeError(f"{folder / EXPERIMENT}: no search to resume; start one without --resume")
        before = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        other = [f"{name} was {before.get(name)}" for name, value in self.__dict__.items() if before.get(name) != value]
        if other:
            raise ResumeError(
                f"{folder}: a search with other settings ({', '.join(other)}); use them or another folder"
            )


def search_space() -> dict[str, Any]:
    """What is searched: the article's batch size, learning rate, dropout and optimizer; the network's shape; which
    features it sees; which negatives weigh most."""
    from ray import tune

    return {
        "batch_size": tune.choice([128, 256, 512]),
        "learning_rate": tune.loguniform(3e-4, 6e-3),
        "dropout": tune.uniform(0.1, 0.6),
        "interaction_dropout": tune.uniform(0.0, 0.8),
        "optimizer": tune.choice(["adamw", "adam", "sgd"]),
        "width": tune.choice([32, 64, 128]),
        "depth": tune.choice([1, 2]),
        "weight_decay": tune.loguniform(0.02, 0.4),
        "interactions": tune.choice([True, True, False]),
        # Every feature as often as all sets that lack some.
        "feature_set": tune.choice([*FEATURE_SETS, *["all"] * (len(FEATURE_SETS) - 2)]),
        "negative_mix": tune.choice(list(NEGATIVE_MIXES)),
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

    Embeddings and features are in `data`, made once; all trials read them from Ray's object store.

    Args:
        folder: where Ray writes (made absolute; on a cluster, one that all nodes see). A search there can be continued
            with `resume`; without, it is set aside under another name.
        ray_address: an existing cluster ("auto" or an address); by default one is started on this machine. A trial
            whose node dies begins again on another.
        concurrent: trials at one time, one core and one torch thread each. With one, the same seed gives the same
            search; with more, what ASHA stops depends on which trial reports first.
        quiet: no line on standard error for every trial that ends.

    Raises:
        ResumeError: `resume` without a search in `folder`, or with one of other data or settings.
        SearchError: no trial finished.
    """
    if ray_address:
        use_cluster_token()
    import ray

    # Ray lowers its workers' priority by default; beside anything else on the machine they would starve.
    os.environ.setdefault("RAY_worker_niceness", "0")
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    # Ray saves the state of a search every ten seconds; what finished since the last time would be lost in a crash.
    os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "0.2")
    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    settings = SearchSettings(data.content_hash, trials, epochs, seed)
    if resume:
        settings.check_resumable(folder)
    else:
        _set_aside(folder / EXPERIMENT)
        settings.write(folder)
    started = not ray.is_initialized()
    if started:
        _start_ray(ray_address, concurrent)
    try:
        results = _tuner(data, folder, settings, resume, concurrent, quiet).fit()
        found = [_trial(result, epochs) for result in results if result.metrics and METRIC in result.metrics]
    finally:
        if started:
            ray.shutdown()
    if not found:
        raise SearchError(f"{folder / EXPERIMENT}: no trial finished; its logs say why")
    return SearchResult(tuple(sorted(found, key=lambda trial: -trial.objective)), folder / EXPERIMENT)


def _tuner(
    data: GateTrainingData, folder: Path, settings: SearchSettings, resume: bool, concurrent: int, quiet: bool
) -> Any:
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    from relevance.search_progress import SearchProgress

    training, validation = data.held_out(0)
    trainable = tune.with_resources(
        tune.with_parameters(_run_trial, training=training, validation=validation), {"cpu": 1}
    )
    if resume:
        return tune.Tuner.restore(str(folder / EXPERIMENT), trainable, restart_errored=True)
    epochs = settings.epochs
    return tune.Tuner(
        trainable,
        param_space={**search_space(), "epochs": epochs, "seed": settings.seed},
        tune_config=tune.TuneConfig(
            metric=METRIC,
            mode="max",
            num_samples=settings.trials,
            max_concurrent_trials=concurrent,
            scheduler=ASHAScheduler(max_t=epochs, grace_period=min(3, epochs), reduction_factor=2),
            search_alg=tune.search.BasicVariantGenerator(random_state=settings.seed),
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name=EXPERIMENT,
            storage_path=str(folder),
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=MAX_FAILURES),
            callbacks=None if quiet else [SearchProgress(METRIC, settings.trials)],
        ),
    )


def _set_aside(experiment: Path) -> None:
    """Rename an older search, so that no hours of work are lost to a forgotten --resume."""
    if experiment.exists():
        number = 1
        while (older := experiment.with_name(f"{experiment.name}.{number}")).exists():
            number += 1
        experiment.rename(older)


def use_cluster_token() -> None:
    """Send this machine's token to the cluster, unless RAY_AUTH_MODE says otherwise; call it before ray is imported.

    `ray start` asks for the token wherever one lies in the usual place, but `ray.init` with an address sends none.
    """
    token = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", Path.home() / ".ray" / "auth_token"))
    if "RAY_AUTH_TOKEN" in os.environ or token.is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _start_ray(address: str | None, cores: int) -> None:
    import logging

    import ray

    if address:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    else:
        # "local": somebody else's cluster on this machine is not ours to join.
        ray.init("local", num_cpus=cores, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)


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


def _trial(result: Any, epochs: int) -> Trial:
    # A trial that was begun again has logged its first epochs twice.
    curves = result.metrics_dataframe.drop_duplicates("epoch", keep="last").sort_values("epoch")
    ended = "finished" if len(curves) == epochs else "stopped early"
    return Trial(
        name=str(curves["trial_id"].iloc[-1]),
        state=ended if result.error is None else "failed",
        config=TrainingConfig(**result.config),
        objective=float(curves["objective_now"].max()),
        objectives=tuple(float(value) for value in curves["objective_now"]),
        losses=tuple(float(value) for value in curves["loss"]),
        seconds=float(curves["time_total_s"].iloc[-1]),
    )
