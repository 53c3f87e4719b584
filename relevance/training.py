"""Train the relevance model with torch: weighted cross entropy over episodes, the best epoch by the objective."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relevance.episodes import EpisodeTable
from relevance.feature_sets import kept_columns
from relevance.metrics import rejection_objective
from relevance.model import RelevanceModel, Standardisation
from relevance.negative_mix import emphasis


@dataclass(frozen=True)
class TrainingConfig:
    """What the search varies, and the seed."""

    width: int = 128
    depth: int = 1
    dropout: float = 0.3
    interaction_dropout: float = 0.6
    """Of the interactions, which are many and learn questions by heart; features are never dropped."""
    learning_rate: float = 2e-3
    batch_size: int = 256
    optimizer: str = "adamw"
    weight_decay: float = 0.1
    interactions: bool = True
    feature_set: str = "all"
    """A name of `relevance.feature_sets`."""
    negative_mix: str = "even"
    """A name of `relevance.negative_mix`."""
    epochs: int = 16
    seed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values, for artifacts and reports."""
        return asdict(self)


@dataclass(frozen=True)
class TrainingResult:
    """The model of the best epoch, its objective on the validation questions, and both curves by epoch."""

    model: RelevanceModel
    objective: float
    objectives: tuple[float, ...]
    losses: tuple[float, ...]


def row_weights(table: EpisodeTable, negative_mix: str = "even") -> NDArray[np.float32]:
    """Weights, mean 1: genuine and negative rows weigh the same in all; so do families (by the root of their size).

    Raises:
        ValueError: there is no such mix of negatives.
    """
    weights = np.zeros(len(table), dtype=np.float64)
    for side in (True, False):
        rows = table.relevant == side
        for family in np.unique(table.family[rows]):
            members = rows & (table.family == family)
            weights[members] = (1.0 if side else emphasis(negative_mix, str(family))) / np.sqrt(members.sum())
        total = weights[rows].sum()
        if total:
            weights[rows] *= 0.5 * len(table) / total
    return weights.astype(np.float32)


def train_model(
    training: EpisodeTable,
    validation: EpisodeTable,
    config: TrainingConfig,
    on_epoch: Callable[[int, float, float], None] | None = None,
) -> TrainingResult:
    """Train on rows that no guard rejects; after each epoch measure the objective on the validation rows.

    Args:
        on_epoch: called with (epoch from 1, mean loss, objective); it may raise to stop early.

    Raises:
        ValueError: the training rows are all genuine or all negative, or the optimizer, feature set or mix of negatives
            has an unknown name.
    """
    import torch

    threads = torch.get_num_threads()
    # Sums over several threads depend on how many there are; the same seed is to give the same bytes.
    torch.set_num_threads(1)
    try:
        return _train(training, validation, config, on_epoch)
    finally:
        torch.set_num_threads(threads)


def _train(
    training: EpisodeTable,
    validation: EpisodeTable,
    config: TrainingConfig,
    on_epoch: Callable[[int, float, float], None] | None,
) -> TrainingResult:
    import torch

    seen = training.take(~training.rejected)
    if seen.relevant.all() or not seen.relevant.any():
        raise ValueError("training rows are all of one side; the gate needs genuine answers and negatives")
    torch.manual_seed(config.seed)
    standardisation = Standardisation.fit(seen.features)
    inputs = torch.from_numpy(_inputs(seen, standardisation, config))
    targets = torch.from_numpy(seen.relevant.astype(np.float32))
    weights = torch.from_numpy(row_weights(seen, config.negative_mix))
    network = _network(seen.features.shape[1], inputs.shape[1], config)
    optimizer = _optimizer(network, config)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=config.learning_rate,
        total_steps=config.epochs * (-(-len(inputs) // config.batch_size)),
        pct_start=0.2,
    )
    best: RelevanceModel | None = None
    objectives: list[float] = []
    losses: list[float] = []
    order = np.random.default_rng(config.seed)
    for epoch in range(1, config.epochs + 1):
        network.train()
        total = 0.0
        for rows in torch.split(torch.from_numpy(order.permutation(len(inputs))), config.batch_size):
            optimizer.zero_grad()
            logits = network(inputs[rows])[:, 0]
            losses_of_rows = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, targets[rows], reduction="none"
            )
            loss = (losses_of_rows * weights[rows]).mean()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(rows)
        model = _as_model(network, standardisation, seen.interactions.shape[1], config)
        objective = rejection_objective(model.logits(validation.features, validation.interactions), validation)
        losses.append(total / len(inputs))
        if not objectives or objective >= max(objectives):
            best = model
        objectives.append(objective)
        if on_epoch:
            on_epoch(epoch, losses[-1], objective)
    if best is None:
        raise ValueError("epochs must be at least 1")
    return TrainingResult(best, max(objectives), tuple(objectives), tuple(losses))


def _inputs(table: EpisodeTable, standardisation: Standardisation, config: TrainingConfig) -> NDArray[np.float32]:
    features = standardisation.apply(table.features) * kept_columns(config.feature_set, table.features.shape[1])
    return np.hstack([features, table.interactions]) if config.interactions else features


def _network(features: int, inputs: int, config: TrainingConfig) -> Any:
    import torch

    class InteractionDropout(torch.nn.Module):
        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            kept = torch.nn.functional.dropout(rows[:, features:], config.interaction_dropout, self.training)
            return torch.cat([rows[:, :features], kept], dim=1)

    layers: list[torch.nn.Module] = [InteractionDropout()] if inputs > features else []
    width = inputs
    for _ in range(config.depth):
        layers += [torch.nn.Linear(width, config.width), torch.nn.ReLU(), torch.nn.Dropout(config.dropout)]
        width = config.width
    layers.append(torch.nn.Linear(width, 1))
    return torch.nn.Sequential(*layers)


def _optimizer(network: Any, config: TrainingConfig) -> Any:
    import torch

    parameters = network.parameters()
    if config.optimizer == "adamw":
        return torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
    if config.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=config.learning_rate, weight_decay=config.weight_decay / 100)
    if config.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=config.learning_rate * 10,
            momentum=0.9,
            weight_decay=config.weight_decay / 100,
            nesterov=True,
        )
    raise ValueError(f"unknown optimizer '{config.optimizer}'; use adamw, adam or sgd")


def _as_model(
    network: Any, standardisation: Standardisation, interactions: int, config: TrainingConfig
) -> RelevanceModel:
    import torch

    linear = [layer for layer in network if isinstance(layer, torch.nn.Linear)]
    weights = [layer.weight.detach().numpy().copy() for layer in linear]
    # The scoring model takes every input; what was not learned from has weight nought.
    features = len(standardisation.mean)
    weights[0][:, :features] *= kept_columns(config.feature_set, features)
    if not config.interactions:
        weights[0] = np.hstack([weights[0], np.zeros((len(weights[0]), interactions), dtype=np.float32)])
    return RelevanceModel(
        standardisation, tuple(weights), tuple(layer.bias.detach().numpy().copy() for layer in linear)
    )
