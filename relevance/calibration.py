"""From logits to probabilities, and from probabilities to the threshold of a promised false-rejection rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relevance.episodes import EpisodeTable
from relevance.metrics import FULL_SIZE, WARM_SIZE, threshold_at

REGIMES = ("cold", "few", "warm", "full")
"""By how many graded answers there are: none, under WARM_SIZE, under FULL_SIZE, at least that many."""
MIN_GENUINE = 50
"""Fewer genuine validation answers than this set no threshold of their own."""


def regime_of(size: int) -> str:
    """The regime of a question with this many graded answers."""
    return REGIMES[sum(size >= least for least in (1, WARM_SIZE, FULL_SIZE))]


@dataclass(frozen=True)
class Calibration:
    """What turns a logit into a verdict.

    `temperature` divides logits; `thresholds` are probabilities by regime, below which an answer is turned away;
    `false_rejection` is the rate they were set for and `genuine` the number of validation answers behind each.
    """

    temperature: float
    thresholds: dict[str, float]
    false_rejection: float
    genuine: dict[str, int]

    def probabilities(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n,) logits -> (n,) calibrated P(relevant)."""
        return sigmoid(np.asarray(logits, dtype=np.float64) / self.temperature)


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))


def calibrate(logits: NDArray[np.floating], table: EpisodeTable, false_rejection: float) -> Calibration:
    """Temperature and thresholds from validation questions that were not trained on.

    The temperature minimises the weighted cross entropy on rows no guard rejects (Guo et al. 2017, genuine and negative
    rows weighing the same). A regime's threshold turns away at most `false_rejection` of its genuine rows, guards'
    rejections included; a regime with fewer than MIN_GENUINE of them takes the lowest threshold of the others.

    Raises:
        ValueError: `false_rejection` is not in 0 … 1, or no regime has enough genuine rows.
    """
    if not 0 <= false_rejection < 1:
        raise ValueError(f"the false-rejection rate must be in [0, 1), not {false_rejection}")
    temperature = _temperature(logits[~table.rejected], table.relevant[~table.rejected])
    thresholds: dict[str, float] = {}
    genuine: dict[str, int] = {}
    regimes = np.array([regime_of(int(size)) for size in table.size])
    for regime in REGIMES:
        rows = (regimes == regime) & table.relevant
        genuine[regime] = int(rows.sum())
        if genuine[regime] < MIN_GENUINE:
            continue
        # A guard's rejections use up a part of what is allowed.
        threshold = threshold_at(np.where(table.rejected[rows], -np.inf, logits[rows]), false_rejection)
        thresholds[regime] = float(sigmoid(np.array([threshold / temperature]))[0])
    if not thresholds:
        raise ValueError(f"calibration needs at least {MIN_GENUINE} genuine validation answers; add questions")
    lowest = min(thresholds.values())
    return Calibration(
        temperature, {regime: thresholds.get(regime, lowest) for regime in REGIMES}, false_rejection, genuine
    )


def expected_calibration_error(
    probabilities: NDArray[np.float64], relevant: NDArray[np.bool_], bins: int = 10
) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Naeini et al. 2015), weighted by bin size."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    gaps = [
        abs(probabilities[place == number].mean() - relevant[place == number].mean()) * (place == number).mean()
        for number in range(bins)
        if (place == number).any()
    ]
    return float(sum(gaps))


def _temperature(logits: NDArray[np.floating], relevant: NDArray[np.bool_]) -> float:
    from scipy.optimize import minimize_scalar

    if relevant.all() or not relevant.any():
        return 1.0
    weights = np.where(relevant, 0.5 / relevant.mean(), 0.5 / (1 - relevant.mean()))
    signed = np.where(relevant, 1.0, -1.0) * logits

    def loss(log_temperature: float) -> float:
        return float((weights * np.logaddexp(0.0, -signed / np.exp(log_temperature))).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 3.0), method="bounded").x))
