"""How well grades are given: agreement with the teacher's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


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
