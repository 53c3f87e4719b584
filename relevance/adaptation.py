"""Adapting the relevance model to one question by gradient descent on that question's own labelled answers.

As the article has it: some steps on the labelled answers, as many as are best for a random part of them that is held
back; no step at all may be best. The gate does not do it: its features already read the graded answers. How the two
compare is measured by benchmarks/relevance_adaptation.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from relevance.calibration import sigmoid
from relevance.model import Array, RelevanceModel

HELD_BACK = 0.3
"""Share of the labelled answers that chooses the number of steps."""


@dataclass(frozen=True)
class Adapted:
    """Models after their steps; `steps[i]` were taken by model i."""

    models: tuple[RelevanceModel, ...]
    steps: tuple[int, ...]


def adapt(
    models: Sequence[RelevanceModel],
    features: Array,
    interactions: Array,
    relevant: NDArray[np.bool_],
    seed: int,
    learning_rate: float = 0.01,
    most_steps: int = 40,
) -> Adapted:
    """Descend each model's cross entropy on a question's labelled answers; both sides weigh the same.

    Args:
        features, interactions: of the labelled answers, (n, f) and (n, i), each compared with the others alone.
        relevant: (n,) labels.

    Raises:
        ValueError: all labels are of one side.
    """
    if relevant.all() or not relevant.any():
        raise ValueError("adaptation needs relevant and irrelevant labelled answers")
    order = np.random.default_rng(seed).permutation(len(relevant))
    # Some of each side is held back, and some of each side is descended on.
    held = np.zeros(len(relevant), dtype=bool)
    for side in (True, False):
        rows = order[relevant[order] == side]
        held[rows[: int(HELD_BACK * len(rows))]] = True
    adapted, steps = [], []
    for model in models:
        inputs = model.inputs(features, interactions)
        best = 0
        if held.any():
            path = _descend(model, inputs[~held], relevant[~held], learning_rate, most_steps)
            losses = [_loss(step, inputs[held], relevant[held]) for step in path]
            best = int(np.argmin(losses))
        adapted.append(_descend(model, inputs, relevant, learning_rate, best)[-1])
        steps.append(best)
    return Adapted(tuple(adapted), tuple(steps))


def _descend(
    model: RelevanceModel, inputs: Array, relevant: NDArray[np.bool_], learning_rate: float, steps: int
) -> list[RelevanceModel]:
    """The model before the first step and after each."""
    path = [model]
    weights = _side_weights(relevant)
    for _ in range(steps):
        model = path[-1]
        layers = [inputs]
        for weight, bias in zip(model.weights[:-1], model.biases[:-1], strict=True):
            layers.append(np.maximum(layers[-1] @ weight.T + bias, 0.0))
        logits = (layers[-1] @ model.weights[-1].T + model.biases[-1])[:, 0]
        slope = ((sigmoid(logits.astype(np.float64)) - relevant) * weights).astype(np.float32)[:, None]
        new_weights, new_biases = [], []
        for number in reversed(range(len(model.weights))):
            new_weights.append(model.weights[number] - np.float32(learning_rate) * (slope.T @ layers[number]))
            new_biases.append(model.biases[number] - np.float32(learning_rate) * slope.sum(axis=0))
            slope = (slope @ model.weights[number]) * (layers[number] > 0)
        path.append(replace(model, weights=tuple(new_weights[::-1]), biases=tuple(new_biases[::-1])))
    return path


def _loss(model: RelevanceModel, inputs: Array, relevant: NDArray[np.bool_]) -> float:
    signed = np.where(relevant, 1.0, -1.0) * model.logits_of(inputs)
    return float((_side_weights(relevant) * np.logaddexp(0.0, -signed)).sum())


def _side_weights(relevant: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) weights, a half in all for each side."""
    share = max(float(relevant.mean()), 1e-9), max(1.0 - float(relevant.mean()), 1e-9)
    return np.where(relevant, 0.5 / share[0], 0.5 / share[1]) / len(relevant)
