"""Exact bounds and tests of one rate. All assume independent trials of one rate; `clustered` does not."""

from __future__ import annotations

from relevance.rates import check_counts, exact_interval, lower_bound, upper_bound

__all__ = ["exact_interval", "lower_bound", "p_above", "upper_bound"]


def p_above(successes: int, trials: int, limit: float) -> float:
    """Exact one-sided binomial test that a rate is above `limit`: P(at least `successes` | the rate is `limit`).

    Assumes independent trials of one rate. 1 without successes; 0 for a success where the limit is 0, since a rate of
    0 allows none.

    Raises:
        ValueError: `successes` is not in 0 … `trials`, or `limit` is not in 0 … 1.
    """
    from scipy.special import betainc

    check_counts(successes, trials)
    if not 0 <= limit <= 1:
        raise ValueError(f"a limit of {limit:g} is no rate; give 0 … 1")
    if successes == 0:
        return 1.0
    return float(betainc(successes, trials - successes + 1, limit))
