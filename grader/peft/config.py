"""What a scorer is made of and how it is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from grader.errors import UsageError

Head = Literal["regression", "classification"]
Method = Literal["lora", "qlora", "full", "frozen"]
RATES: dict[Method, float] = {"lora": 1e-3, "qlora": 1e-3, "full": 1e-4, "frozen": 0.0}
"""Learning rates of the model's part, by method; the head has its own."""


@dataclass(frozen=True)
class ScorerConfig:
    """Settings of model and training.

    Attributes:
        base: folder or Hub name of the model that is adapted.
        method: `lora`; `qlora` (the base in 4 bit, on a GPU); `full` trains every weight; `frozen` only the head.
        head: `regression` predicts the grade as a share of the highest; `classification` one of `classes` shares.
        rank, alpha, dropout: LoRA's (Hu et al., 2021): W + alpha / rank * B A.
        targets: names of the layers that get adapters; empty for PEFT's choice for the architecture.
        max_length: tokens of question, reference and answer together.
        patience: epochs without a better validation error before training stops.
    """

    base: str
    method: Method = "lora"
    head: Head = "regression"
    classes: int = 5
    rank: int = 8
    alpha: int = 16
    dropout: float = 0.05
    targets: tuple[str, ...] = ()
    max_length: int = 256
    epochs: int = 5
    batch: int = 16
    rate: float | None = None
    head_rate: float = 2e-3
    warmup: float = 0.1
    patience: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (("method", get_args(Method)), ("head", get_args(Head))):
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} {getattr(self, name)!r}; there are {', '.join(allowed)}")
        for name, least in (("classes", 2), ("rank", 1), ("max_length", 16), ("epochs", 1), ("batch", 1)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} {getattr(self, name)}; it must be at least {least}")

    @property
    def model_rate(self) -> float:
        """Learning rate of the adapted part."""
        return RATES[self.method] if self.rate is None else self.rate

    @property
    def outputs(self) -> int:
        """Numbers that the head gives."""
        return 1 if self.head == "regression" else self.classes

    def as_json(self) -> dict[str, Any]:
        """As JSON types; `ScorerConfig.of` reads it back."""
        return asdict(self)

    @classmethod
    def of(cls, value: dict[str, Any]) -> ScorerConfig:
        """From `as_json`."""
        return cls(**{**value, "targets": tuple(value.get("targets", ()))})
