"""Reading a result file back: checked field by field, and its totals counted again from its own cases."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from eval.failures import TargetFailure
from eval.outcomes import GENUINE, Case, QuestionGrading, QuestionOutcome
from eval.results import RESULT_VERSION, SuiteResult
from eval.shards import ShardError, parse_shard
from eval.summary import FamilyEntry, summarise

SHOWN_PROBLEMS = 10


class ResultFileError(ValueError):
    """A file that is not a result of the suite; the message names the file, the field and what to do."""

    exit_code: ClassVar[int] = 2


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _FamilyRow(_Strict):
    name: str
    tier: Literal["must_reject", "must_not_gain", "must_not_move", "semantic"]
    severity: Literal["critical", "high", "medium"]
    language: str
    attempts: int = Field(ge=0)
    leaks: int = Field(ge=0)
    rate: float = Field(ge=0, le=1)
    upper95: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _counts(self) -> _FamilyRow:
        if self.leaks > self.attempts:
            raise ValueError(f"{self.leaks} leaks of {self.attempts} attempts")
        return self


class _OutcomeRow(_Strict):
    question_id: str = Field(min_length=1)
    text: str
    language: str
    max_grade: float = Field(gt=0)
    grading: QuestionGrading
    genuine: dict[str, Literal[0, 1, 2]]
    attacks: dict[str, dict[str, Literal[0, 1, 2]]]
    changes: dict[str, dict[str, float]]
    unstable: int = Field(ge=0)


class _Settings(BaseModel):
    """What readers rely on; targets may say more of themselves."""

    model_config = ConfigDict(extra="allow")

    suite_version: str
    seed: int
    support: int = Field(ge=1)
    per_question: int = Field(ge=0)
    repeats: int = Field(ge=1)
    families: list[str]
    questions: int = Field(ge=0)


class ResultContract(_Strict):
    """The published JSON object, version 2. `ResultContract.model_json_schema()` is its JSON Schema."""

    version: Literal["2"]
    target: str
    complete: bool
    failures: list[TargetFailure]
    adaptive: list[dict[str, Any]]
    settings: _Settings
    shard: str | None
    totals: dict[str, dict[str, float]]
    statistics: dict[str, Any]
    families: list[_FamilyRow]
    grading: dict[str, float]
    repeats: dict[str, int]
    leaks: list[Case]
    false_rejections: list[Case]
    near_misses: list[Case]
    genuine_by_language: dict[str, dict[str, float]]
    outcomes: list[_OutcomeRow]


def read_result(path: str | os.PathLike[str]) -> SuiteResult:
    """Read a file that `SuiteResult.to_json` wrote, but for what adaptive attacks found.

    Raises:
        ResultFileError: it is missing, not a result of this version, or its numbers do not agree with its cases.
    """
    contract = _parsed(Path(path))
    try:
        shard = None if contract.shard is None else parse_shard(contract.shard)
    except ShardError as error:
        raise ResultFileError(f"{path}, shard: {error}") from error
    entries: dict[str, FamilyEntry] = {}
    for row in contract.families:
        entries.setdefault(row.name, FamilyEntry(row.name, row.tier, row.severity))
    result = summarise(
        contract.target,
        contract.settings.model_dump(),
        list(entries.values()),
        _outcomes(contract),
        shard,
    )
    _check_counts(path, contract, result)
    return replace(
        result,
        leaks=tuple(contract.leaks),
        false_rejections=tuple(contract.false_rejections),
        near_misses=tuple(contract.near_misses),
        failures=tuple(contract.failures),
    )


def _parsed(path: Path) -> ResultContract:
    again = "write it again with `answergate eval adversarial --json FILE`"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultFileError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise ResultFileError(f"{path}: a folder; name the result file in it") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ResultFileError(f"{path}: not JSON ({error}); {again}") from error
    version = raw.get("version") if isinstance(raw, dict) else None
    if version is None:
        raise ResultFileError(f"{path}, version: missing, so this is no result of the suite; {again}")
    if version != RESULT_VERSION:
        raise ResultFileError(f"{path}, version: {version!r}, this is answergate for {RESULT_VERSION!r}; {again}")
    try:
        return ResultContract.model_validate(raw)
    except ValidationError as error:
        problems = error.errors()
        lines = [
            f"  {'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg']}"
            for item in problems[:SHOWN_PROBLEMS]
        ]
        more = [f"  … and {len(problems) - SHOWN_PROBLEMS} more"] if len(problems) > SHOWN_PROBLEMS else []
        head = f"{path}: {len(problems)} field(s) are not as the suite writes them; {again}"
        raise ResultFileError("\n".join([head, *lines, *more])) from error


def _outcomes(contract: ResultContract) -> list[QuestionOutcome]:
    """The outcomes, each with the cases of the file's lists that are its own."""
    own: dict[str, dict[str, list[Case]]] = {}
    for name in ("leaks", "false_rejections", "near_misses"):
        for case in getattr(contract, name):
            own.setdefault(case.question_id, {}).setdefault(name, []).append(case)
    return [
        QuestionOutcome(
            question_id=row.question_id,
            text=row.text,
            language=row.language,
            max_grade=row.max_grade,
            grading=row.grading,
            genuine=row.genuine,
            attacks=row.attacks,
            changes=row.changes,
            unstable=row.unstable,
            **{name: tuple(cases) for name, cases in own.get(row.question_id, {}).items()},
        )
        for row in contract.outcomes
    ]


def _check_counts(path: str | os.PathLike[str], contract: ResultContract, result: SuiteResult) -> None:
    """What the file says in its summary must be what its cases add up to."""

    def disagree(field: str, told: object, counted: object) -> ResultFileError:
        return ResultFileError(f"{path}, {field}: says {told}, but its cases add up to {counted}; the file was changed")

    told = {(row.name, row.language): (row.leaks, row.attempts) for row in contract.families}
    counted = {(row.name, row.language): (row.leaks.events, row.leaks.attempts) for row in result.families}
    for place in sorted(told.keys() | counted.keys()):
        if told.get(place) != counted.get(place):
            raise disagree(f"families, {place[0]} in {place[1]}", told.get(place), counted.get(place))
    honest = contract.totals.get(GENUINE, {})
    stated = (honest.get("false_rejections"), honest.get("answers"))
    if stated != (result.genuine.events, result.genuine.attempts):
        raise disagree(f"totals.{GENUINE}", stated, (result.genuine.events, result.genuine.attempts))
    ids = [row.question_id for row in contract.outcomes]
    if len(ids) != len(set(ids)):
        raise ResultFileError(f"{path}, outcomes: a question stands there twice; the file was changed")
