"""The example row: the one schema that every room writes and reads."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, Self

import regex
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

SCHEMA_VERSION = 1

RELEVANT_KINDS = ("correct", "incomplete", "incorrect")
"""Kinds of answer that are on topic. Wrong is not off-topic."""

LANGUAGE_TAG = regex.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", flags=regex.VERSION1)
"""The shape of a BCP 47 tag: `en`, `pt-BR`, `zh-Hant`."""


class Provenance(BaseModel):
    """Where a row is from, so that it can be traced and made again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    generator: str
    generator_version: str
    template: str | None = None
    template_hash: str | None = None
    model: str | None = None
    seed: int | None = None
    parameters: str = "{}"
    """JSON object as text, so that rows of every generator share one Arrow schema."""
    request_id: str | None = None
    parent: str | None = None
    """`id` of the row this one was made from."""

    @field_validator("parameters")
    @classmethod
    def _is_json_object(cls, value: str) -> str:
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"must be a JSON object as text ({error})") from None
        if not isinstance(parsed, dict):
            raise ValueError("must be a JSON object as text")
        return value


class Example(BaseModel):
    """A question, an answer to it, and what that answer is.

    Raises:
        pydantic.ValidationError: a field is missing or of the wrong type; `relevant` contradicts `kind`; a grade lies
            outside 0 … `max_grade`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    id: str = ""
    question_id: str
    question: str = Field(min_length=1)
    answer: str
    kind: str = Field(min_length=1)
    """`correct`, `incomplete`, `incorrect` (relevant), `irrelevant`, or an attack family's name."""
    relevant: bool
    grade: float | None = None
    max_grade: float | None = Field(default=None, gt=0)
    language: str
    subject: str | None = None
    group: str | None = None
    """Course, article or exercise; splits keep a group together."""
    reference: str | None = None
    provenance: Provenance

    @field_validator("language")
    @classmethod
    def _is_language_tag(cls, value: str) -> str:
        return checked_language(value)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.kind in RELEVANT_KINDS and not self.relevant:
            raise ValueError(f"kind '{self.kind}' is relevant, but relevant is false")
        if self.kind == "irrelevant" and self.relevant:
            raise ValueError("kind 'irrelevant' cannot have relevant true")
        if self.grade is not None:
            if self.max_grade is None:
                raise ValueError("a grade needs max_grade beside it")
            if not 0 <= self.grade <= self.max_grade:
                raise ValueError(f"grade {self.grade:g} is outside 0 … {self.max_grade:g}")
        if not self.id:
            object.__setattr__(self, "id", self._content_id())
        return self

    def _content_id(self) -> str:
        content = [self.question_id, self.question, self.answer, self.kind, self.language, self.provenance.model_dump()]
        return text_hash(json.dumps(content, ensure_ascii=False, sort_keys=True))


def checked_language(value: str) -> str:
    """The tag itself, or ValueError when it does not look like a BCP 47 language tag."""
    if not LANGUAGE_TAG.fullmatch(value):
        raise ValueError(f"'{value}' is not a BCP 47 language tag such as 'en', 'pt-BR' or 'zh'")
    return value


def text_hash(text: str) -> str:
    """First 16 hexadecimal digits of the text's SHA-256: the id of rows and questions."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def question_id(question: str, language: str) -> str:
    """Identity of a question that brings no id of its own."""
    return text_hash(f"{language}\n{question}")


def as_parameters(values: dict[str, Any]) -> str:
    """A generator's settings as the canonical JSON text that `Provenance.parameters` holds."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True)
