"""The plan's types. Every field has a default that works, except what only the user can know."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from synth.engine.budget import BudgetLimits
from synth.engine.client import Structured
from synth.engine.limits import Limits
from synth.engine.log import Price
from synth.examples import checked_language
from synth.kinds import DEFAULT_COUNTS, answer_templates
from synth.replies.reply import ReplyForm


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceSpec(_Part):
    """Money per million tokens, as your provider's price list says it today."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class Sampling(_Part):
    """How the model rolls its dice. Empty fields are not sent."""

    temperature: float | None = Field(default=1.0, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    send_seed: bool = True
    """Send a seed of its own with every request; a server that knows seeds then answers the same again."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Further parameters of the endpoint, sent as they are."""


class ModelSpec(_Part):
    """A model at an endpoint."""

    name: str = Field(min_length=1)
    base_url: str | None = None
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key. The key itself never stands in a file."""
    structured: Structured = "auto"
    form: ReplyForm = "json"
    """`json`, or `list` for models that do not write JSON well."""
    sampling: Sampling = Sampling()
    price: PriceSpec | None = None
    weight: float = Field(default=1.0, gt=0)
    """Share of the jobs, relative to the other models."""

    def log_price(self) -> Price | None:
        """The price as the log counts it."""
        return None if self.price is None else Price(self.price.input, self.price.output)


class Syllabus(_Part):
    """Questions that the model writes first: so many for each of the languages."""

    subject: str = Field(min_length=1)
    level: str = Field(min_length=1)
    count: int = Field(ge=1)
    languages: tuple[str, ...] = Field(min_length=1)

    @field_validator("languages")
    @classmethod
    def _are_language_tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(checked_language(language) for language in value)


class QuestionSource(_Part):
    """Where the questions are from; the sources add up."""

    files: tuple[str, ...] = ()
    bank: bool = False
    syllabus: tuple[Syllabus, ...] = ()
    limit: int | None = Field(default=None, ge=1)
    """At most so many questions of files and bank per language."""

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if not (self.files or self.bank or self.syllabus):
            raise ValueError("no questions: name files, say `bank: true`, or give a syllabus")
        return self


class BudgetSpec(_Part):
    """Hard bounds over all runs of the folder; empty is no bound."""

    money: float | None = Field(default=None, gt=0)
    tokens: int | None = Field(default=None, ge=1)
    requests: int | None = Field(default=None, ge=1)

    def limits(self) -> BudgetLimits:
        """The bounds as the engine keeps them."""
        return BudgetLimits(self.money, self.tokens, self.requests)


class JudgeSpec(_Part):
    """A model that labels the answers blind; rows it disagrees with are dropped."""

    model: str | None = None
    """Name of one of `models`; by default the first."""
    strict: bool = False
    """Also drop a correct, incomplete or incorrect answer that it calls another of these; else relevance counts."""


class Quality(_Part):
    """Which filters look at the answers. Changing any of it never asks the model again, except for a judge."""

    filters: dict[str, bool | dict[str, Any]] = Field(default_factory=dict)
    """Filter name -> true, false, or its settings. Filters that are not named are as they are by default."""
    judge: JudgeSpec | None = None


class Split(_Part):
    """Shares of the parts; a group (article, course, parallel question) is never divided."""

    train: float = Field(default=0.8, ge=0, le=1)
    validation: float = Field(default=0.1, ge=0, le=1)
    test: float = Field(default=0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if abs(self.train + self.validation + self.test - 1.0) > 1e-6:
            raise ValueError("train, validation and test do not add up to 1")
        return self


class Plan(_Part):
    """What a corpus shall hold and what it may cost."""

    version: Literal[1] = 1
    name: str = "corpus"
    seed: int = 0
    questions: QuestionSource
    languages: tuple[str, ...] | None = None
    """Only questions in these languages; by default all."""
    counts: dict[str, int] = Field(default_factory=lambda: dict(DEFAULT_COUNTS))
    """Kind -> answers per question."""
    models: tuple[ModelSpec, ...] = Field(min_length=1)
    few_shot: int = Field(default=4, ge=0, le=50)
    """Graded answers shown to the model where a question has any."""
    per_request: int = Field(default=8, ge=1, le=100)
    """Answers asked for at once. More is cheaper, fewer is more varied."""
    follow_ups: int = Field(default=6, ge=0, le=50)
    """How often a short reply is topped up by a further request."""
    limits: Limits = Limits()
    budget: BudgetSpec = BudgetSpec()
    quality: Quality = Quality()
    split: Split = Split()

    @field_validator("languages")
    @classmethod
    def _are_language_tags(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(checked_language(language) for language in value)

    @field_validator("counts")
    @classmethod
    def _are_kinds(cls, value: dict[str, int]) -> dict[str, int]:
        known = answer_templates()
        for kind, count in value.items():
            if kind not in known:
                raise ValueError(f"'{kind}' is no kind a model can be asked for; there are {', '.join(known)}")
            if count < 0:
                raise ValueError(f"{kind}: {count} is below 0")
        if not any(value.values()):
            raise ValueError("every count is 0: nothing to make")
        return {kind: value[kind] for kind in known if value.get(kind)}

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [model.name for model in self.models]
        if len(set(names)) < len(names):
            raise ValueError("models: two have the same name")
        if self.budget.money is not None and any(model.price is None for model in self.models):
            raise ValueError(
                "budget.money: a budget in money needs the price of every model (price: {input: …, output: …})"
            )
        judge = self.quality.judge
        if judge is not None and judge.model is not None and judge.model not in names:
            raise ValueError(f"quality.judge.model: '{judge.model}' is none of the models ({', '.join(names)})")
        return self

    def prices(self) -> dict[str, Price]:
        """Price of every model that has one."""
        return {model.name: price for model in self.models if (price := model.log_price()) is not None}
