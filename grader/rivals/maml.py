"""MAML: learn a start from which a few gradient steps grade well (Finn et al., 2017), on sentence vectors.

Kept small, as the alternative the online grader is compared with: five plain gradient steps from learned weights with
a learned step size, differentiated through all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.levels import Floats
from grader.newton import softmax
from grader.prior import GraderPrior, Units, basis
from grader.question import log_class_prior
from grader.rivals.base import Graded, Rival, Task

if TYPE_CHECKING:
    from grader.meta import MetaQuestion

INNER_STEPS = 5


@dataclass(frozen=True)
class MamlStart:
    """Where the inner steps begin and how long they are."""

    weights: Floats
    """(d, r)"""
    rate: float
    prior: GraderPrior
    """Only its spreads, basis scale and class strength are used."""


def train_maml(questions: Sequence[MetaQuestion], steps: int = 150, batch: int = 32, seed: int = 0) -> MamlStart:
    """Learn the start from graded questions, as `grader.meta.meta_train` learns the prior."""
    import torch

    from grader.meta.episodes import sample_episodes
    from grader.meta.training import with_typical_spreads

    generator = np.random.default_rng(seed)
    usable = [item for item in questions if len(item.grades) >= 3 and len(set(item.grades.tolist())) > 1]
    prior = with_typical_spreads(GraderPrior(), usable)
    weights = torch.zeros(
        (usable[0].answers.vectors.shape[1], prior.components), dtype=torch.float64, requires_grad=True
    )
    log_rate = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([{"params": [weights], "lr": 0.003}, {"params": [log_rate], "lr": 0.05}])
    for _ in range(steps):
        episodes = sample_episodes(usable, batch, prior, generator)
        support, query = (torch.from_numpy(part.vectors) for part in (episodes.support, episodes.query))
        targets, counts = torch.from_numpy(episodes.support_targets), torch.from_numpy(episodes.support_weights)
        shares = counts / counts.sum(dim=1, keepdim=True)
        directions = torch.from_numpy(episodes.basis[..., : prior.components] * np.exp(prior.log_basis_scale))
        turned = directions.transpose(-1, -2)
        logits = torch.from_numpy(_class_logits(episodes, prior))[:, None]
        inner: Any = weights.expand(len(support), *weights.shape)
        for _ in range(INNER_STEPS):
            wrong = torch.softmax(logits + support @ inner @ turned, dim=-1) - targets
            gradient = support.transpose(-1, -2) @ ((shares[..., None] * wrong) @ directions)
            inner = inner - torch.exp(log_rate) * gradient
        predicted = torch.log_softmax(logits + query @ inner @ turned, dim=-1)
        losses = -(torch.from_numpy(episodes.query_targets) * predicted).sum(dim=-1)
        loss = (torch.from_numpy(episodes.query_weights) * losses).sum(dim=1).mean()
        optimizer.zero_grad()
        (loss + 1e-3 * (weights**2).sum()).backward()
        optimizer.step()
    return MamlStart(weights.detach().numpy(), float(torch.exp(log_rate.detach())), prior)


def maml_rival(start_for: Any) -> Rival:
    """The rival that adapts `start_for(source)`: a start that was not learned from that data set."""

    def grade(task: Task) -> Graded:
        start: MamlStart = start_for(task.source)
        units = Units.of(task.support, start.prior)
        support, query = units.evidence(task.support).vectors, units.evidence(task.query).vectors
        scale = task.scale
        targets, directions = scale.targets(task.grades), basis(scale.levels, start.prior.log_basis_scale)
        strength = np.exp(start.prior.log_class_strength)
        logits = log_class_prior(targets, np.ones(len(targets)), strength)
        weights = start.weights.copy()
        for _ in range(INNER_STEPS):
            wrong = softmax(logits + support @ weights @ directions.T) - targets
            weights -= start.rate * support.T @ (wrong @ directions) / len(support)
        probabilities = softmax(logits + query @ weights @ directions.T)
        return Graded(scale.nearest(probabilities @ scale.levels), probabilities)

    return Rival("maml", f"{INNER_STEPS} gradient steps from a meta-learned start, on sentence vectors", grade)


def _class_logits(episodes: Any, prior: GraderPrior) -> Floats:
    counts = (episodes.support_weights[..., None] * episodes.support_targets).sum(axis=1)
    counts += (episodes.closed == 0) * np.exp(prior.log_class_strength) / episodes.grades[:, None]
    shares: Floats = np.where(counts > 0, counts, 1.0) / counts.sum(axis=1, keepdims=True)
    logits: Floats = np.log(shares) + episodes.closed
    return logits
