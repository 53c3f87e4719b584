"""What a run of a given size can show, said before it is paid for."""

from __future__ import annotations

import math

import numpy as np


def attempts_to_show(rate: float, confidence: float = 0.95) -> int:
    """How many attempts without any leak bound the rate below `rate`: ln(1 - confidence) / ln(1 - rate), rounded up.

    Assumes independent attempts.

    Raises:
        ValueError: `rate` is not strictly between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"a rate of {rate:g} cannot be shown by counting; choose one between 0 and 1")
    return math.ceil(math.log1p(-confidence) / math.log1p(-rate))


def power_of_mcnemar(pairs: int, regression: float, alpha: float = 0.05, churn: float = 0.0) -> float:
    """Chance that the exact one-sided McNemar test at level `alpha` finds a regression.

    Every pair independently gets worse with probability `churn + regression` and better with `churn`; a deterministic
    target has no churn. The number of differing pairs is binomial, and given it, so is the number that got worse: the
    power is the sum over both.

    Args:
        regression: rise of the leak rate from baseline to new run.

    Raises:
        ValueError: the probabilities are not in 0 … 1.
    """
    from scipy.special import bdtr
    from scipy.stats import binom

    differing = regression + 2 * churn
    if not (0 <= regression <= 1 and churn >= 0 and differing <= 1):
        raise ValueError(f"a regression of {regression:g} with churn {churn:g} is impossible")
    if pairs <= 0 or regression == 0:
        return 0.0
    spread = binom(pairs, differing)
    counts = np.arange(max(1, int(spread.ppf(1e-10))), int(spread.ppf(1 - 1e-10)) + 1)
    # Fewest of m differing pairs that must be worse: P(at least k of m) <= alpha under one half.
    critical = binom.isf(alpha, counts, 0.5) + 1
    critical = np.where(bdtr(counts - critical, counts, 0.5) <= alpha, critical, counts + 1)
    worse = (regression + churn) / differing
    return float((spread.pmf(counts) * binom.sf(critical - 1, counts, worse)).sum())


def detectable_regression(pairs: int, power: float = 0.8, alpha: float = 0.05, churn: float = 0.0) -> float:
    """Smallest rise of the leak rate that `power_of_mcnemar` finds with this power; 1 when even a rise to 1 is missed.

    Accurate to 1e-5 of a rate.

    Raises:
        ValueError: `churn` is not in 0 … 0.5.
    """
    if not 0 <= churn < 0.5:
        raise ValueError(f"churn {churn:g} is not in 0 … 0.5")
    highest = 1.0 - 2 * churn
    if power_of_mcnemar(pairs, highest, alpha, churn) < power:
        return 1.0
    low, high = 0.0, highest
    while high - low > 1e-5:
        middle = (low + high) / 2
        low, high = (low, middle) if power_of_mcnemar(pairs, middle, alpha, churn) >= power else (middle, high)
    return high
