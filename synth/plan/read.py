"""Read a plan file and say of every mistake on which line it is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, ClassVar

import yaml
from pydantic import ValidationError

from synth.filters.registry import settings_problems
from synth.plan.model import Plan

STARTER = Path(__file__).parent / "starter.yaml"
"""A plan to begin with: every part explained."""


_FIELD = re.compile(r"([a-z_.]+): ")


class PlanError(ValueError):
    """A plan that cannot be used as it is; the message names every mistake at its line."""

    exit_code: ClassVar[int] = 2


def read_plan(path: str | os.PathLike[str]) -> Plan:
    """Read a plan (YAML).

    Raises:
        PlanError: the file is missing, no YAML, or has fields that are unknown, missing or wrong; all are named.
    """
    path = Path(path)
    if not path.is_file():
        raise PlanError(f"{path}: no such file; `answergate synth plan --new {path}` writes one to begin with")
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlanError(f"{path}, line {line}: {error.problem or error.context}; correct the YAML") from error
    except UnicodeDecodeError as error:
        raise PlanError(f"{path}: not UTF-8 ({error}); save it again as UTF-8") from error
    if root is None:
        raise PlanError(f"{path}: empty; it needs at least `questions` and `models`")
    repeated = _repeated_keys(root)
    value = yaml.SafeLoader("")
    try:
        content = value.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlanError(f"{path}, line {line}: {error.problem}; correct the YAML") from error
    findings = [(line, f"'{key}' stands twice; keep one") for line, key in repeated]
    plan: Plan | None = None
    try:
        plan = Plan.model_validate(content)
        findings += _later_findings(root, plan)
    except ValidationError as error:
        findings += _findings(root, error)
    if plan is None or findings:
        lines = [f"{path}, line {line}: {message}" for line, message in sorted(findings)]
        raise PlanError("\n".join(lines))
    return plan


def _findings(root: yaml.Node, error: ValidationError) -> list[tuple[int, str]]:
    """What pydantic finds, each once: not also that a list has too few items when it has a wrong one."""
    errors = error.errors()
    found = []
    for finding in errors:
        deeper = any(other["loc"][: len(finding["loc"])] == finding["loc"] for other in errors if other is not finding)
        if not (finding["type"] == "too_short" and deeper):
            found.append(_finding(root, finding))
    return list(dict.fromkeys(found))


def _later_findings(root: yaml.Node, plan: Plan) -> list[tuple[int, str]]:
    """What is well-formed and wrong all the same: files that are not there, filters and settings that do not exist."""
    found = [
        (_line(root, ("questions", "files", place), key=False), f"{file}: no such file; check the path")
        for place, file in enumerate(plan.questions.files)
        if not Path(file).is_file()
    ]
    for location, message in settings_problems(plan.quality.filters):
        found.append((_line(root, ("quality", "filters", *location), key=True), message))
    return found


def _finding(root: yaml.Node, finding: Any) -> tuple[int, str]:
    location = finding["loc"]
    if location[:2] == ("quality", "filters") and len(location) > 3:
        # One finding for a value that is neither a switch nor settings, not one for each.
        location, finding = location[:3], {"type": "", "msg": "write true, false or settings such as {similarity: 0.8}"}
    elif finding["type"] == "model_type" and not location:
        finding = finding | {"msg": "write fields such as `questions:` and `models:`"}
    message = finding["msg"].removeprefix("Value error, ")
    if not location and (named := _FIELD.match(message)):
        # What two fields together get wrong is said of the whole plan; the message begins with the one to look at.
        location, message = tuple(named[1].split(".")), message[named.end() :]
    if finding["type"] == "extra_forbidden":
        message = "no such field; remove it or correct its name"
    elif finding["type"] == "missing":
        message = "missing; add it"
    name = ".".join(str(part) for part in location) or "plan"
    return _line(root, location, key=finding["type"] == "extra_forbidden"), f"{name}: {message}"


def _line(root: yaml.Node, location: tuple[str | int, ...], key: bool) -> int:
    """Line of the value at a path of keys and indexes, or of the deepest part of the path that exists."""
    node = root
    line = node.start_mark.line + 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if pair is None:
                break
            line = pair[0].start_mark.line + 1
            node = pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _repeated_keys(node: yaml.Node) -> list[tuple[int, str]]:
    """YAML lets the last of two equal keys win, silently; a plan does not."""
    found = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                # YAML allows it, a plan has no use for it, and reading it says what is wrong.
                continue
            if key.value in seen:
                found.append((key.start_mark.line + 1, str(key.value)))
            seen.add(key.value)
            found += _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            found += _repeated_keys(item)
    return found
