"""What a comparison found, as types; `Comparison.to_json` is the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from eval.results import Rate

VERSION = "1"


@dataclass(frozen=True)
class Quality:
    """Honest held-out answers against the teacher; means over questions, then over data sets alike.

    Attributes:
        qwk: quadratic weighted kappa without the gate, 0 … 1 (below 0: worse than chance).
        qwk_gated: the same behind the gate, answers turned away counting as 0.
        accuracy: share of answers with the teacher's grade exactly, on the question's levels.
        rmse, mae: in shares of the highest grade.
        ece, brier: of the probabilities, None for graders that have none.
    """

    answers: int
    qwk: float
    qwk_gated: float
    accuracy: float
    rmse: float
    mae: float
    ece: float | None
    brier: float | None


@dataclass(frozen=True)
class Speed:
    """Grading honest answers without the gate, on one thread.

    Attributes:
        p50, p99: seconds for one answer alone.
        per_second: answers a second, together.
        cpu_per_1000: processor seconds here for 1,000 answers.
        fit_seconds: learning one question, mean.
        money_per_1000: None where nothing is paid for by use, or no price is known.
    """

    p50: float
    p99: float
    per_second: float
    cpu_per_1000: float
    fit_seconds: float
    money_per_1000: float | None
    tokens_per_answer: float | None


@dataclass(frozen=True)
class Attacked:
    """Attacks that must be rejected and were graded above 0, and honest answers turned away."""

    leaks: Rate
    false_rejections: Rate
    families: Mapping[str, Rate]


@dataclass(frozen=True)
class Row:
    """One grader."""

    name: str
    summary: str
    quality: Quality
    by_source: Mapping[str, Quality]
    plain: Attacked
    gated: Attacked
    speed: Speed
    parameters: int | None
    bytes: int | None


@dataclass(frozen=True)
class Comparison:
    """All graders on the same questions, supports, held-out answers and attacks."""

    settings: Mapping[str, Any]
    rows: tuple[Row, ...]

    def pareto(self, cost: str = "cpu") -> list[str]:
        """Names of the graders that no other one beats in both kappa behind the gate and cost."""
        return [
            row.name
            for row in self.rows
            if not any(_beats(other, row, cost) for other in self.rows if other is not row)
        ]

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps({"version": VERSION, **asdict(self), "pareto": self.pareto()}, indent=1) + "\n"

    @classmethod
    def of_json(cls, text: str) -> Comparison:
        """Read `to_json` back.

        Raises:
            ValueError: not a comparison of this version.
        """
        value = json.loads(text)
        if not isinstance(value, dict) or value.get("version") != VERSION:
            raise ValueError(f"not a comparison of version {VERSION}")
        return cls(value["settings"], tuple(_row(row) for row in value["rows"]))


def _row(value: dict[str, Any]) -> Row:
    by_source = {source: Quality(**item) for source, item in value["by_source"].items()}
    parts = {
        "quality": Quality(**value["quality"]),
        "by_source": by_source,
        "plain": _attacked(value["plain"]),
        "gated": _attacked(value["gated"]),
        "speed": Speed(**value["speed"]),
    }
    return Row(**{**value, **parts})


def _attacked(value: dict[str, Any]) -> Attacked:
    families = {name: Rate(**rate) for name, rate in value["families"].items()}
    return Attacked(Rate(**value["leaks"]), Rate(**value["false_rejections"]), families)


def _beats(one: Row, other: Row, cost: str) -> bool:
    better = one.quality.qwk_gated >= other.quality.qwk_gated and cost_of(one, cost) <= cost_of(other, cost)
    same = one.quality.qwk_gated == other.quality.qwk_gated and cost_of(one, cost) == cost_of(other, cost)
    return better and not same


def cost_of(row: Row, cost: str) -> float:
    """Seconds for one answer (`latency`) or processor seconds for 1,000 (`cpu`)."""
    return row.speed.p50 if cost == "latency" else row.speed.cpu_per_1000
