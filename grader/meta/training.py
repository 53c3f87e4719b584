"""Meta-training: the prior under which graders fitted on few answers predict other answers' grades best."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import torch

from grader.meta.episodes import Episodes, MetaQuestion, sample_episodes
from grader.meta.implicit import fit_dual
from grader.newton import Floats
from grader.prior import Evidence, GraderPrior, kernel, prior_mean

Progress = Callable[[int, int, float], None]
"""Called with the steps done, the steps in all and the validation loss so far."""


class MetaTrainingError(ValueError):
    """There is too little to learn a prior from."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class MetaConfig:
    """How to meta-train. `components`, `precision` and `projection` decide which meta-parameters there are."""

    steps: int = 150
    batch: int = 32
    learning_rate: float = 0.03
    """Of Adam; decays to 0 as a cosine."""
    anchor: float = 0.03
    """Weight of the squared distance from the start, in units of `REACH`: what the data do not decide stays."""
    agreement: float = 3.0
    """Weight of 1 - correlation between expected and given grades beside the cross-entropy: after the spread is
    matched (see `grader.reading`), correlation is what quadratic weighted kappa comes to."""
    support: tuple[int, int] = (5, 30)
    components: int = 2
    mean_components: int = 1
    """Latent functions that get a prior mean: 1 lets signals say how good an answer is, but not how certain."""
    precision: bool = False
    """Learn a prior precision for every dimension of the sentence vector."""
    projection: int = 0
    """Learn this many directions of the sentence vector with a variance of their own."""
    validation: float = 0.15
    """Share of the questions held out to choose the step whose prior is returned."""
    seed: int = 0


@dataclass(frozen=True)
class MetaResult:
    """The learned prior and how it was learned."""

    prior: GraderPrior
    train_loss: list[float] = field(default_factory=list)
    """Mean cross-entropy of query grades at every step."""
    validation_loss: list[tuple[int, float]] = field(default_factory=list)
    """(step, cross-entropy) on held-out questions; step 0 is the start."""
    seconds: float = 0.0


REACH = {"mean_weights": 0.2, "log_precision": 0.3, "projection": 0.05, "log_signal_scale": 0.5}
"""How far from the start a meta-parameter may go as cheaply as the others by 1."""


def episode_loss(parameters: dict[str, torch.Tensor], episodes: Episodes, agreement: float = 0.0) -> torch.Tensor:
    """(B,) cross-entropy of the query answers' grades after fitting on the support, differentiable in all parameters.

    `parameters` are `GraderPrior.learned()` as float64 tensors; `agreement` is that of `MetaConfig`.
    """
    support, query = _tensors(episodes.support), _tensors(episodes.query)
    weights = torch.from_numpy(episodes.support_weights)
    targets = torch.from_numpy(episodes.support_targets)
    components = len(parameters["log_basis_scale"])
    directions = torch.from_numpy(episodes.basis[..., :components]) * torch.exp(parameters["log_basis_scale"])
    covariance = kernel(parameters, support, support, exp=torch.exp)
    open_grades = torch.from_numpy((episodes.closed == 0).astype(np.float64))
    counts = (weights[..., None] * targets).sum(dim=1)
    counts = (
        counts + open_grades * torch.exp(parameters["log_class_strength"]) / torch.from_numpy(episodes.grades)[:, None]
    )
    logarithms = torch.log(torch.where(open_grades > 0, counts, torch.ones_like(counts)))
    class_logits = (logarithms - torch.log(counts.sum(dim=1, keepdim=True))) * open_grades
    class_logits = (class_logits + torch.from_numpy(episodes.closed))[:, None, :]
    turned = directions.transpose(-1, -2)
    dual = fit_dual(
        covariance,
        targets,
        offsets=class_logits + prior_mean(parameters, support) @ turned,
        weights=weights,
        basis=directions,
    )
    latent = prior_mean(parameters, query) + kernel(parameters, query, support, exp=torch.exp) @ dual
    logits = (class_logits + latent @ turned) / torch.exp(parameters["log_temperature"])
    targets, weights = torch.from_numpy(episodes.query_targets), torch.from_numpy(episodes.query_weights)
    losses = (weights * -(targets * torch.log_softmax(logits, dim=-1)).sum(dim=-1)).sum(dim=1)
    if agreement:
        # The first Legendre polynomial is the level itself, from -1 to 1.
        levels = torch.from_numpy(episodes.basis[..., :1])
        expected, given = (torch.softmax(logits, dim=-1) @ levels)[..., 0], (targets @ levels)[..., 0]
        losses = losses + agreement * (1.0 - _correlation(expected, given, weights))
    return losses


def _correlation(left: torch.Tensor, right: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    left = left - (weights * left).sum(dim=1, keepdim=True)
    right = right - (weights * right).sum(dim=1, keepdim=True)
    norm = torch.sqrt((weights * left**2).sum(dim=1) * (weights * right**2).sum(dim=1) + 1e-4)
    return (weights * left * right).sum(dim=1) / norm


def meta_train(
    questions: Sequence[MetaQuestion],
    config: MetaConfig | None = None,
    start: GraderPrior | None = None,
    progress: Progress | None = None,
) -> MetaResult:
    """Learn a prior from graded questions. The same arguments give the same prior.

    Args:
        questions: At least two, each with at least 3 answers and two different grades, all with the same evidence.
        config: Settings.
        start: Where to begin; `GraderPrior()` widened to the configured components by default.
        progress: Told how it goes.

    Raises:
        MetaTrainingError: there are too few questions with enough answers.
    """
    config = config or MetaConfig()
    usable = [item for item in questions if len(item.grades) >= 3 and len(set(item.grades.tolist())) > 1]
    if len(usable) < 2:
        raise MetaTrainingError(
            f"{len(usable)} usable question(s); meta-training needs 2 with 3 answers and 2 grades each"
        )
    begun = time.perf_counter()
    generator = np.random.default_rng(config.seed)
    order = generator.permutation(len(usable))
    held = max(1, round(config.validation * len(usable)))
    validation, training = [usable[i] for i in order[:held]], [usable[i] for i in order[held:]]
    prior = with_typical_spreads(_widened(start or GraderPrior(), usable[0], config, generator), training)
    parameters = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in prior.learned().items()}
    mean_mask = torch.zeros_like(parameters["mean_weights"])
    mean_mask[:, : config.mean_components] = 1.0
    parameters["mean_weights"].register_hook(lambda gradient: gradient * mean_mask)
    anchors = {name: value.detach().clone() for name, value in parameters.items()}
    optimizer = torch.optim.Adam([item for item in parameters.values() if item.numel()], lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    judged = sample_episodes(validation, max(64, 2 * held), prior, generator, config.support)
    best, best_loss = prior, _mean_loss(parameters, judged, config.agreement)
    result = MetaResult(prior, [], [(0, best_loss)])
    for step in range(1, config.steps + 1):
        episodes = sample_episodes(training, config.batch, prior, generator, config.support)
        optimizer.zero_grad()
        loss = episode_loss(parameters, episodes, config.agreement).mean()
        distance = torch.stack(
            [(((value - anchors[name]) / REACH.get(name, 1.0)) ** 2).sum() for name, value in parameters.items()]
        ).sum()
        (loss + config.anchor * distance).backward()
        optimizer.step()
        schedule.step()
        result.train_loss.append(float(loss.detach()))
        if step % 25 == 0 or step == config.steps:
            now = _mean_loss(parameters, judged, config.agreement)
            result.validation_loss.append((step, now))
            if now < best_loss:
                best_loss = now
                best = prior.with_learned({name: value.detach().numpy().copy() for name, value in parameters.items()})
            if progress is not None:
                progress(step, config.steps, best_loss)
    return replace(result, prior=best, seconds=time.perf_counter() - begun)


def with_typical_spreads(prior: GraderPrior, questions: Sequence[MetaQuestion]) -> GraderPrior:
    """The prior with spreads measured: medians over questions."""
    spreads, deviations = [], []
    for question in questions:
        answers = question.answers
        spreads.append(
            [float(block.astype(np.float64).var(axis=0).sum()) for block in (answers.vectors, answers.lexical)]
        )
        deviations.append(answers.signals.astype(np.float64).std(axis=0))
    table = np.array(deviations)
    typical = np.array([np.median(column[column > 0]) if (column > 0).any() else 0.1 for column in table.T])
    spread: Floats = np.maximum(np.median(np.array(spreads), axis=0), 1e-6)
    return replace(prior, typical_spread=spread, typical_deviation=typical)


def _widened(
    prior: GraderPrior, question: MetaQuestion, config: MetaConfig, generator: np.random.Generator
) -> GraderPrior:
    signals, width = question.answers.signals.shape[1], question.answers.vectors.shape[1]
    scale = np.concatenate([prior.log_basis_scale, np.zeros(3)])[: config.components]
    mean = np.zeros((signals, config.components))
    rows, columns = min(signals, len(prior.mean_weights)), min(config.components, prior.components)
    mean[:rows, :columns] = prior.mean_weights[:rows, :columns]
    projection = prior.projection
    if config.projection and not projection.size:
        projection = generator.normal(scale=0.02, size=(width, config.projection))
    precision = np.zeros(width) if config.precision and not prior.log_precision.size else prior.log_precision
    return replace(prior, log_basis_scale=scale, mean_weights=mean, projection=projection, log_precision=precision)


def _mean_loss(parameters: dict[str, torch.Tensor], episodes: Episodes, agreement: float) -> float:
    with torch.no_grad():
        return float(episode_loss(parameters, episodes, agreement).mean())


def _tensors(evidence: Evidence) -> Evidence:
    return Evidence(
        torch.from_numpy(evidence.vectors), torch.from_numpy(evidence.letters), torch.from_numpy(evidence.signals)
    )
