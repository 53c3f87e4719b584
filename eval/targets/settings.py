"""How a target is described: the same settings from flags, from a YAML file and from Python."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from eval.targets.base import TargetConfigError

_PATHS = ("request", "response", "prompt", "log")
_MINIMA: Mapping[str, float] = {"threads": 1, "retries": 0, "concurrency": 1, "batch": 1, "timeout": 0.001}
_TYPES: Mapping[str, tuple[Any, str]] = {
    "headers": (dict, "a mapping of names to texts"),
    "timeout": ((int, float), "a number of seconds"),
    **dict.fromkeys(("threads", "retries", "concurrency", "batch"), (int, "a whole number")),
}
"""What is no text: its type, and how to say so."""


@dataclass(frozen=True)
class TargetSettings:
    """A target and how to reach it. What a kind of target does not need it ignores.

    Args:
        target: see `answergate eval adversarial --help` or docs/targets.md; "answergate" is our full grader.
        name: what reports call it; by default its kind and address.
        gate, encoder, threads: our full grader: a gate's folder, "bundled" or "none"; the encoder without a gate.
        timeout: seconds for one reply.
        retries: how often a request is repeated after an error that may pass (HTTP, OpenAI).
        concurrency: requests in flight (HTTP, OpenAI).
        batch: answers per request; None for the kind's own default.
        headers: HTTP headers; a value `env:NAME` is read from the environment.
        request, response: Jinja templates of the HTTP body and of what its reply means.
        base_url, key_variable: an OpenAI-compatible endpoint, and the variable that holds its key.
        prompt: a Jinja template of yours instead of `prompts/grading/in_context.j2`.
        log: a file in which every reply of the model is kept, so that a repeated run does not pay twice.
    """

    target: str = "answergate"
    name: str | None = None
    gate: str = "bundled"
    encoder: str = "e5"
    threads: int = 2
    timeout: float = 60.0
    retries: int = 4
    concurrency: int = 8
    batch: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    request: Path | None = None
    response: Path | None = None
    base_url: str | None = None
    key_variable: str = "OPENAI_API_KEY"
    prompt: Path | None = None
    log: Path | None = None

    def __post_init__(self) -> None:
        for name, lowest in _MINIMA.items():
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or value < lowest):
                raise TargetConfigError(f"target: {name} is {value}; write {lowest:g} or more")


def target_settings(target: str | None = None, **given: Any) -> TargetSettings:
    """Settings from a target's name or YAML file, with what else was given (None is not given) above the file's.

    Raises:
        TargetConfigError: the file cannot be used, or a value is out of range.
    """
    settings = TargetSettings()
    if target is not None:
        from_file = target.endswith((".yaml", ".yml"))
        settings = read_target_file(target) if from_file else replace(settings, target=target)
    return replace(settings, **{name: value for name, value in given.items() if value not in (None, {})})


def read_target_file(path: str | os.PathLike[str]) -> TargetSettings:
    """Read settings from a YAML file. Paths in it are relative to its folder.

    Raises:
        TargetConfigError: the file is missing, no YAML, or has a key or a value that is none of the settings.
    """
    import yaml

    path = Path(path)
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TargetConfigError(f"{path}: no such file; check the path after --target") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TargetConfigError(f"{path}: no YAML ({error}); see docs/targets.md for an example") from error
    if not isinstance(loaded, dict) or "target" not in loaded:
        raise TargetConfigError(f"{path}: no key 'target'; begin with a line such as 'target: https://…'")
    known = {item.name: item for item in fields(TargetSettings)}
    values: dict[str, Any] = {}
    for key, value in loaded.items():
        if key not in known:
            close = get_close_matches(str(key), known, n=1)
            remedy = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(known)}"
            raise TargetConfigError(f"{path}: unknown key '{key}'; {remedy}")
        values[key] = _value(path, key, value)
    return replace(TargetSettings(), **values)


def _value(path: Path, key: str, value: Any) -> Any:
    """A YAML value as its setting's type."""
    kind, wanted = _TYPES.get(key, (str, "a text"))
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TargetConfigError(f"{path}: {key} is {value!r}; write {wanted}")
    if key == "headers":
        return {str(name): str(text) for name, text in dict(value).items()}
    if key in _PATHS:
        return path.parent / str(value)
    if key == "gate" and value not in ("bundled", "none"):
        return str(path.parent / str(value))
    return value
