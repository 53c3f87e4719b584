"""The hard budget: money, tokens or requests, over all runs of a folder."""

from __future__ import annotations

from dataclasses import dataclass

from synth.engine.log import Usage


@dataclass(frozen=True)
class BudgetLimits:
    """Upper bounds; None is no bound."""

    money: float | None = None
    tokens: int | None = None
    requests: int | None = None


@dataclass(frozen=True)
class Estimate:
    """What a request will probably cost."""

    tokens: int
    money: float


class Budget:
    """Counts what is spent and what is in flight.

    A request starts only while what is spent and the estimates of what is in flight are below every bound; with too
    much in flight it waits for the true costs. So the budget is passed at most by what is in flight.
    """

    def __init__(self, limits: BudgetLimits, spent: Usage) -> None:
        self.limits = limits
        self.requests = spent.requests
        self.tokens = spent.tokens
        self.money = spent.money or 0.0
        self._flying = 0
        self._flying_tokens = 0
        self._flying_money = 0.0

    @property
    def exhausted(self) -> bool:
        """Whether a bound is reached by what is spent already."""
        return self._reached(0, 0, 0.0)

    @property
    def full(self) -> bool:
        """Whether a bound will probably be reached by what is spent and in flight."""
        return self._reached(self._flying, self._flying_tokens, self._flying_money)

    def _reached(self, requests: int, tokens: int, money: float) -> bool:
        limits = self.limits
        return (
            (limits.requests is not None and self.requests + requests >= limits.requests)
            or (limits.tokens is not None and self.tokens + tokens >= limits.tokens)
            or (limits.money is not None and self.money + money >= limits.money)
        )

    def start(self, estimate: Estimate) -> None:
        """A request begins."""
        self._flying += 1
        self._flying_tokens += estimate.tokens
        self._flying_money += estimate.money

    def finish(self, estimate: Estimate) -> None:
        """A request is over, with or without a response; its estimate no longer counts."""
        self._flying -= 1
        self._flying_tokens -= estimate.tokens
        self._flying_money -= estimate.money

    def pay(self, tokens: int, money: float) -> None:
        """A response arrived and cost this."""
        self.requests += 1
        self.tokens += tokens
        self.money += money

    def __str__(self) -> str:
        parts = []
        if self.limits.money is not None:
            parts.append(f"{self.money:.4f} of {self.limits.money:g} money")
        if self.limits.tokens is not None:
            parts.append(f"{self.tokens:,} of {self.limits.tokens:,} tokens")
        if self.limits.requests is not None:
            parts.append(f"{self.requests:,} of {self.limits.requests:,} requests")
        return ", ".join(parts) or "no budget set"
