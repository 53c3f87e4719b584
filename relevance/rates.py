"""Rates with their exact bounds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """`events` of `attempts`."""

    events: int
    attempts: int

    @property
    def rate(self) -> float:
        """Observed share, 0 without attempts."""
        return self.events / self.attempts if self.attempts else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Exact two-sided 95 % interval, under the assumptions of `upper_bound`; 0 … 1 without attempts."""
        return exact_interval(self.events, self.attempts)


def upper_bound(successes: float, trials: float, confidence: float = 0.95) -> float:
    """Exact one-sided upper bound of a rate (Clopper and Pearson 1934); 1 without trials.

    Assumes independent trials of one rate. Answers to one question are not quite independent: with few questions the
    bound is optimistic, and `eval.statistics.clustered_rate` is the one to trust. With no success it is
    1 - (1 - confidence)^(1 / trials), about 3 / trials. Counts may be fractions (effective sample sizes).

    Raises:
        ValueError: `successes` is not in 0 … `trials`.
    """
    from scipy.special import betaincinv

    check_counts(successes, trials)
    if successes >= trials:
        return 1.0
    return float(betaincinv(successes + 1, trials - successes, confidence))


def lower_bound(successes: float, trials: float, confidence: float = 0.95) -> float:
    """Exact one-sided lower bound of a rate, under the assumptions of `upper_bound`; 0 without successes."""
    check_counts(successes, trials)
    return 1.0 - upper_bound(trials - successes, trials, confidence)


def exact_interval(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a rate (Clopper and Pearson 1934), under the assumptions of `upper_bound`."""
    tail = (1.0 + confidence) / 2
    return lower_bound(successes, trials, tail), upper_bound(successes, trials, tail)


def check_counts(successes: float, trials: float) -> None:
    """Refuse counts that are none.

    Raises:
        ValueError: `successes` is not in 0 … `trials`.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes:g} successes of {trials:g} trials")
