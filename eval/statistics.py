"""The suite's statistics. Every function states what it assumes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Exact one-sided upper bound of a rate (Clopper and Pearson 1934); 1 without trials.

    Assumes independent trials of one rate. Answers to one question are not quite independent: with few questions the
    bound is optimistic. With no success it is 1 - (1 - confidence)^(1 / trials), about 3 / trials.

    Raises:
        ValueError: `successes` is not in 0 … `trials`.
    """
    from scipy.stats import beta

    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if successes == trials:
        return 1.0
    return float(beta.ppf(confidence, successes + 1, trials - successes))


def exact_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a rate (Clopper and Pearson 1934), under the assumptions of `upper_bound`."""
    tail = (1.0 + confidence) / 2
    return 1.0 - upper_bound(trials - successes, trials, tail), upper_bound(successes, trials, tail)


def quadratic_weighted_kappa(given: ArrayLike, predicted: ArrayLike) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968) of two gradings on one scale, -1 … 1.

    1 - mean (given - predicted)^2 / the same over all pairs, so grades may be fractions. 0 when either grading is
    constant and they differ; 1 when both are constant and equal.

    Raises:
        ValueError: the gradings have different lengths, or none.
    """
    first, second = np.asarray(given, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if first.shape != second.shape or not first.size:
        raise ValueError(f"gradings of shapes {first.shape} and {second.shape}; give one prediction for every grade")
    observed = ((first - second) ** 2).mean()
    chance = first.var() + second.var() + (first.mean() - second.mean()) ** 2
    return 1.0 if chance == 0 else float(1.0 - observed / chance)


def mean_over_questions(values: Sequence[float]) -> float:
    """Plain mean, 0 for nothing: every question counts alike, whatever its number of answers."""
    return float(np.mean(values)) if len(values) else 0.0
