"""A language model's reply read: the grade, and its probabilities where the endpoint gives log-probabilities."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.levels import Floats, GradeScale
from synth.replies.json_reply import parse_objects

TOKENS_FIELD, TEXT_FIELD = "tokens", "text"
_VALUE = re.compile(r'"grade"\s*:\s*"?')
_LOOSE = re.compile(r"\bgrade\b\W{0,12}?(\d+(?:[.,]\d+)?)", re.IGNORECASE)
_ALONE = re.compile(r"\s*(\d+(?:[.,]\d+)?)(?:\s*/\s*\d+(?:\.\d+)?)?\s*\.?\s*")


@dataclass(frozen=True)
class LlmGrade:
    """What the model said of one answer. `grade` is None where none could be read, after asking again."""

    grade: float | None
    probabilities: Floats | None
    """(K,) over the question's levels, where the endpoint gives log-probabilities."""
    content: str


def read_reply(content: str, scale: GradeScale) -> LlmGrade:
    """Read a reply as the log keeps it: plain text, or text with its tokens' alternatives (see `kept_reply`)."""
    text, tokens = _unpacked(content)
    value = _grade_value(text)
    if value is None or not -1e-9 <= value <= scale.max_grade * (1 + 1e-9):
        return LlmGrade(None, None, text)
    grade = float(scale.nearest([value])[0])
    return LlmGrade(grade, level_probabilities(tokens, scale) if tokens else None, text)


def kept_reply(text: str, logprobs: Sequence[Mapping[str, Any]]) -> str:
    """Text and tokens as one string for the log.

    Args:
        logprobs: the `logprobs.content` of a chat completion: per token its text, log-probability and `top_logprobs`.
    """
    tokens = [
        [item["token"], item["logprob"], [[top["token"], top["logprob"]] for top in item.get("top_logprobs") or ()]]
        for item in logprobs
    ]
    return json.dumps({TEXT_FIELD: text, TOKENS_FIELD: tokens}, ensure_ascii=False)


def level_probabilities(tokens: Sequence[Sequence[Any]], scale: GradeScale) -> Floats | None:
    """P(level), (K,), from the tokens of `{"grade": …}` and their alternatives; None where the grade has no tokens.

    At every token of the number the alternatives share out the probability of the path so far among the levels that
    they begin; a token that begins several levels ("1" of 1, 1.5 and 10) and was not followed shares evenly. What the
    alternatives do not cover is left out, and the rest is scaled to 1.
    """
    names = [f"{level:g}" for level in np.round(scale.levels, 6)]
    place = _value_start("".join(str(token[0]) for token in tokens))
    if place is None:
        return None
    mass = np.zeros(len(names))
    path, weight, position = "", 1.0, 0
    for token, logprob, alternatives in tokens:
        start, position = position, position + len(token)
        if position <= place:
            continue
        cut = max(0, place - start)
        before, chosen = token[:cut], token[cut:]
        for other, value in alternatives:
            if other != token and other.startswith(before):
                _share(mass, names, path + other[cut:], weight * math.exp(value))
        path, weight = path + chosen, weight * math.exp(logprob)
        if not _number(path) or _number(path) != path.strip():
            break
    _share(mass, names, path, weight)
    total = mass.sum()
    return mass / total if total > 0 else None


def _share(mass: Floats, names: Sequence[str], written: str, weight: float) -> None:
    number = _number(written)
    if not number:
        return
    ended = number != written.strip()
    begun = [row for row, name in enumerate(names) if (name == number if ended else name.startswith(number))]
    if not begun and (exact := _same(names, number)) is not None:
        begun = [exact]
    for row in begun:
        mass[row] += weight / len(begun)


def _same(names: Sequence[str], number: str) -> int | None:
    """2.0 and 2 are one level."""
    try:
        value = float(number)
    except ValueError:
        return None
    return next((row for row, name in enumerate(names) if float(name) == value), None)


def _number(text: str) -> str:
    found = re.match(r"\s*(\d+\.?\d*)", text)
    return found[1] if found else ""


def _value_start(text: str) -> int | None:
    found = _VALUE.search(text)
    return found.end() if found else None


def _grade_value(text: str) -> float | None:
    for item in parse_objects(text, "grades")[0]:
        value = item.get("grade")
        if isinstance(value, str):
            value = value.strip().replace(",", ".")
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
        if math.isfinite(number) and not isinstance(value, bool):
            return number
    # Small models leave the JSON out. A number counts only where it is called the grade or stands alone.
    found = _ALONE.fullmatch(text) or _LOOSE.search(text)
    return float(found[1].replace(",", ".")) if found else None


def _unpacked(content: str) -> tuple[str, list[list[Any]]]:
    if content.startswith('{"' + TEXT_FIELD + '"'):
        try:
            value = json.loads(content)
        except ValueError:
            return content, []
        if isinstance(value.get(TOKENS_FIELD), list):
            return str(value[TEXT_FIELD]), value[TOKENS_FIELD]
    return content, []
