"""Many tests at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values of Holm 1979 (step-down Bonferroni), in the order given.

    Rejecting where the adjusted value is at most alpha keeps the chance of any false rejection at alpha, however the
    tests depend on each other. Assumes that every p-value is valid by itself.

    Raises:
        ValueError: a p-value is not in 0 … 1.
    """
    values = np.asarray(p_values, dtype=np.float64)
    if values.size and not (np.all(values >= 0) and np.all(values <= 1)):
        raise ValueError("p-values lie in 0 … 1")
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)) if values.size else values
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]
