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
        """Exact two-sided 95 % interval (Clopper and Pearson 1934); 0 … 1 without attempts.

        Assumes independent attempts of one rate. Answers to one question are not quite independent: with few questions
        the interval is too narrow.
        """
        from scipy.stats import beta

        low = float(beta.ppf(0.025, self.events, self.attempts - self.events + 1)) if self.events else 0.0
        high = float(beta.ppf(0.975, self.events + 1, self.attempts - self.events)) if self.attempts else 1.0
        return low, 1.0 if self.events == self.attempts else high
