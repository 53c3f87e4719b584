"""The relevance model as it scores: an MLP over features and interactions, in numpy.

Training is in `relevance.training` (torch); scoring needs neither torch nor a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Standardisation:
    """Mean and standard deviation of the inputs over the training rows, (f,) each."""

    mean: Array
    deviation: Array

    @classmethod
    def fit(cls, rows: Array) -> Standardisation:
        """Statistics of (n, f) rows; a constant input keeps its scale."""
        deviation = rows.std(axis=0)
        return cls(rows.mean(axis=0), np.where(deviation > 1e-6, deviation, 1.0).astype(np.float32))

    def apply(self, rows: Array) -> Array:
        """(n, f) rows, standardised and clipped to +-10, so that nothing outlandish can outvote the rest."""
        return np.asarray(np.clip((rows - self.mean) / self.deviation, -10.0, 10.0), dtype=np.float32)


@dataclass(frozen=True)
class RelevanceModel:
    """Standardised features beside interactions, fully connected layers with ReLU, one logit.

    `weights[i]`: (out, in), `biases[i]`: (out,). The logit is that P(relevant) = 1 / (1 + exp(-logit / temperature)).
    """

    standardisation: Standardisation
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]

    def logits(self, features: Array, interactions: Array) -> Array:
        """(n, f) features and (n, i) interactions -> (n,) logits.

        Each row's logit is computed alone, by the same sums, so that it does not depend on its neighbours.
        """
        return self.logits_of(self.inputs(features, interactions))

    def inputs(self, features: Array, interactions: Array) -> Array:
        """(n, f + i) what the first layer reads."""
        return np.hstack([self.standardisation.apply(features), interactions])

    def logits_of(self, rows: Array) -> Array:
        """(n, f + i) inputs -> (n,) logits."""
        return self.logits_of_sums(_row_wise(rows, self.weights[0]))

    def logits_of_sums(self, sums: Array) -> Array:
        """(n, h) what the first layer adds up, without its bias -> (n,) logits."""
        rows = sums + self.biases[0]
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            rows = _row_wise(np.maximum(rows, 0.0), weight) + bias
        return np.asarray(rows[:, 0], dtype=np.float32)

    def tensors(self, prefix: str) -> dict[str, Array]:
        """Everything as named tensors, for safetensors."""
        named = {
            f"{prefix}standardisation.mean": self.standardisation.mean,
            f"{prefix}standardisation.deviation": self.standardisation.deviation,
        }
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            named[f"{prefix}layers.{number}.weight"] = weight
            named[f"{prefix}layers.{number}.bias"] = bias
        return named

    @classmethod
    def from_tensors(cls, named: Mapping[str, Array], prefix: str) -> RelevanceModel:
        """Inverse of `tensors`.

        Raises:
            KeyError: a tensor is missing.
        """
        count = sum(name.startswith(f"{prefix}layers.") and name.endswith(".weight") for name in named)
        return cls(
            Standardisation(named[f"{prefix}standardisation.mean"], named[f"{prefix}standardisation.deviation"]),
            tuple(named[f"{prefix}layers.{number}.weight"] for number in range(count)),
            tuple(named[f"{prefix}layers.{number}.bias"] for number in range(count)),
        )


class SplitModel:
    """A model some of whose features come late, or change: what the others add up to in the first layer is kept.

    Args:
        late: places of those features.
    """

    def __init__(self, model: RelevanceModel, late: NDArray[np.int64]) -> None:
        self._model, self._late = model, late
        self._weight = np.ascontiguousarray(model.weights[0].T[late])
        chosen = model.standardisation
        self._standardisation = Standardisation(chosen.mean[late], chosen.deviation[late])

    @property
    def width(self) -> int:
        """h, the length of the first layer's sums."""
        return len(self._model.biases[0])

    def sums(self, features: Array, interactions: Array) -> Array:
        """(n, h) what the first layer adds up of (n, f) features without the late ones, and (n, i) interactions."""
        rows = self._model.inputs(features, interactions)
        rows[:, self._late] = 0.0
        return _row_wise(rows, self._model.weights[0])

    def logits(self, sums: Array, late: Array) -> Array:
        """(n,) logits, once the late features are known, (n, len(late))."""
        # Not a matrix product: a row's sum must not depend on how many rows there are.
        added = np.einsum("nj,jh->nh", self._standardisation.apply(late), self._weight)
        return self._model.logits_of_sums(sums + added)


def mean_logits(models: Sequence[RelevanceModel], features: Array, interactions: Array) -> Array:
    """(n,) mean of the models' logits."""
    return np.asarray(np.mean([model.logits(features, interactions) for model in models], axis=0), dtype=np.float32)


def _row_wise(rows: Array, weight: Array) -> Array:
    # A product for each row: one product for all of them may sum in another order when there are more of them.
    return np.asarray(np.matmul(rows[:, None, :], weight.T)[:, 0])
