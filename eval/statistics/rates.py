"""Exact bounds and tests of one rate. All assume independent trials of one rate; `clustered` does not."""

from __future__ import annotations


def upper_bound(successes: float, trials: float, confidence: float = 0.95) -> float:
    """Exact one-sided upper bound of a rate (Clopper and Pearson 1934); 1 without trials.

    Assumes independent trials of one rate. Answers to one question are not quite independent: with few questions the
    bound is optimistic, and `clustered_rate` is the one to trust. With no success it is
    1 - (1 - confidence)^(1 / trials), about 3 / trials. Counts may be fractions (effective sample sizes).

    Raises:
        ValueError: `successes` is not in 0 … `trials`.
    """
    from scipy.special import betaincinv

    _check(successes, trials)
    if successes >= trials:
        return 1.0
    return float(betaincinv(successes + 1, trials - successes, confidence))


def lower_bound(successes: float, trials: float, confidence: float = 0.95) -> float:
    """Exact one-sided lower bound of a rate, under the assumptions of `upper_bound`; 0 without successes."""
    _check(successes, trials)
    return 1.0 - upper_bound(trials - successes, trials, confidence)


def exact_interval(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a rate (Clopper and Pearson 1934), under the assumptions of `upper_bound`."""
    tail = (1.0 + confidence) / 2
    return lower_bound(successes, trials, tail), upper_bound(successes, trials, tail)


def p_above(successes: int, trials: int, limit: float) -> float:
    """Exact one-sided binomial test that a rate is above `limit`: P(at least `successes` | the rate is `limit`).

    Assumes independent trials of one rate. 1 without successes; 0 for a success where the limit is 0, since a rate of
    0 allows none.

    Raises:
        ValueError: `successes` is not in 0 … `trials`, or `limit` is not in 0 … 1.
    """
    from scipy.special import betainc

    _check(successes, trials)
    if not 0 <= limit <= 1:
        raise ValueError(f"a limit of {limit:g} is no rate; give 0 … 1")
    if successes == 0:
        return 1.0
    return float(betainc(successes, trials - successes + 1, limit))


def _check(successes: float, trials: float) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes:g} successes of {trials:g} trials")
