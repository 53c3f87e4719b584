"""Reading a file of thresholds: what is wrong is named with its line and its field."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar, get_args

import yaml

from eval.results import TIERS
from eval.thresholds import DEFAULT, Hold, Limit, Scope, Thresholds
from synth.attacks import attack_families
from synth.attacks.base import Severity
from synth.examples import LANGUAGE_TAG

DEFAULTS = Path(__file__).parent / "thresholds.yaml"
THRESHOLDS_VERSION = 1
_SECTIONS: Mapping[str, Mapping[str, Scope]] = {
    "leaks": {"tiers": "tier", "severities": "severity", "families": "family", "languages": "language"},
    "differences": {"must_not_gain": "difference", "must_not_move": "difference"},
    "false_rejections": {"overall": "false rejections", "languages": "false rejections"},
    "grading": {"min_qwk": "grading", "min_gain_over_constant": "grading"},
}


class ThresholdsError(ValueError):
    """A file of thresholds that cannot be used; the message names file, line and field."""

    exit_code: ClassVar[int] = 2


def default_thresholds() -> Thresholds:
    """The documented defaults: eval/thresholds.yaml."""
    return read_thresholds(DEFAULTS)


def read_thresholds(path: str | os.PathLike[str], own_families: tuple[str, ...] = ()) -> Thresholds:
    """Read thresholds from a YAML file; `eval/thresholds.yaml` explains its keys.

    Args:
        own_families: names of families beside the catalogue's.

    Raises:
        ThresholdsError: the file is missing, no YAML, or a key or a value in it means nothing.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ThresholdsError(f"{path}: no such file; check the path, or write 'default'") from None
    except (IsADirectoryError, UnicodeDecodeError) as error:
        raise ThresholdsError(f"{path}: not a text file ({error})") from error
    except yaml.YAMLError as error:
        raise ThresholdsError(f"{path}: no YAML ({error})") from error
    if root is None:
        raise ThresholdsError(f"{path}: empty; copy the defaults with `answergate eval thresholds`")
    return _Reader(str(path), (*attack_families(), *own_families)).thresholds(root)


class _Reader:
    """Walks the nodes of the document, which know their lines."""

    def __init__(self, path: str, families: tuple[str, ...]) -> None:
        self.path = path
        self.families = families
        self.hold: Hold = "observed"

    def thresholds(self, root: yaml.Node) -> Thresholds:
        top = self._mapping(root, "file")
        known = ("version", "hold", "confidence", "assumed_icc", *_SECTIONS)
        for key, (key_node, _) in top.items():
            if key not in known:
                raise self._error(key_node, key, f"unknown key; {_remedy(key, known)}")
        if "version" not in top:
            raise self._error(root, "version", f"missing; write 'version: {THRESHOLDS_VERSION}'")
        version = self._scalar(top["version"][1], "version")
        if version != THRESHOLDS_VERSION:
            raise self._error(top["version"][1], "version", f"{version!r}; this is answergate for {THRESHOLDS_VERSION}")
        if "hold" in top:
            self.hold = self._hold(top["hold"][1], "hold")
        limits = [
            limit
            for section in _SECTIONS
            if section in top
            for limit in self._section(section, top[section][1])
        ]  # fmt: skip
        if not limits:
            raise self._error(root, "file", f"no limit; write one of the sections {', '.join(_SECTIONS)}")
        values = Thresholds(limits=tuple(limits))
        return Thresholds(
            limits=values.limits,
            confidence=self._share(top, "confidence", values.confidence),
            assumed_icc=self._share(top, "assumed_icc", values.assumed_icc),
        )

    def _section(self, section: str, node: yaml.Node) -> Iterator[Limit]:
        parts = _SECTIONS[section]
        for key, (key_node, value) in self._mapping(node, section).items():
            place = f"{section}.{key}"
            if key not in parts:
                raise self._error(key_node, place, f"unknown key; {_remedy(key, tuple(parts))}")
            if section == "leaks" or key == "languages":
                for name, (name_node, limit) in self._mapping(value, place).items():
                    self._check_name(name_node, key, f"{place}.{name}", name)
                    yield self._limit(limit, f"{place}.{name}", parts[key], name)
            elif section == "grading":
                if isinstance(value, yaml.MappingNode):
                    raise self._error(value, place, "not a number; a lowest kappa is held against the observed one")
                yield Limit("grading", key.removeprefix("min_"), self._number(value, place, -1.0, 1.0))
            else:
                yield self._limit(value, place, parts[key], key)

    def _limit(self, node: yaml.Node, place: str, scope: Scope, name: str) -> Limit:
        if not isinstance(node, yaml.MappingNode):
            return Limit(scope, name, self._number(node, place), self.hold)
        fields = self._mapping(node, place)
        for key, (key_node, _) in fields.items():
            if key not in ("at_most", "hold"):
                raise self._error(key_node, f"{place}.{key}", f"unknown key; {_remedy(key, ('at_most', 'hold'))}")
        if "at_most" not in fields:
            raise self._error(node, place, "no at_most; write {at_most: 0.01, hold: upper}")
        hold = self._hold(fields["hold"][1], f"{place}.hold") if "hold" in fields else self.hold
        return Limit(scope, name, self._number(fields["at_most"][1], f"{place}.at_most"), hold)

    def _check_name(self, node: yaml.Node, kind: str, place: str, name: str) -> None:
        known = {"tiers": TIERS, "severities": get_args(Severity), "families": self.families}.get(kind)
        if known is not None and name not in known:
            raise self._error(node, place, f"there is no such {_singular(kind)}; {_remedy(name, known)}")
        if known is None and name != DEFAULT and not LANGUAGE_TAG.fullmatch(name):
            raise self._error(node, place, f"no language tag; write for example 'en', 'pt-BR' or '{DEFAULT}'")

    def _share(self, top: Mapping[str, tuple[yaml.Node, yaml.Node]], name: str, otherwise: float) -> float:
        if name not in top:
            return otherwise
        value = self._number(top[name][1], name)
        if name == "confidence" and not 0.5 <= value < 1:
            raise self._error(top[name][1], name, f"{value:g}; write 0.5 or more and less than 1, such as 0.95")
        return value

    def _hold(self, node: yaml.Node, place: str) -> Hold:
        value = self._scalar(node, place)
        for known in get_args(Hold):
            if value == known:
                held: Hold = known
                return held
        raise self._error(node, place, f"{value!r}; {_remedy(str(value), get_args(Hold))}")

    def _number(self, node: yaml.Node, place: str, low: float = 0.0, high: float = 1.0) -> float:
        value = self._scalar(node, place)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._error(node, place, f"{value!r} is not a number; write a share such as 0.01 (for 1 %)")
        if not low <= value <= high:
            raise self._error(
                node, place, f"{value:g} is outside {low:g} … {high:g}; write a share such as 0.01 (for 1 %)"
            )
        return float(value)

    def _scalar(self, node: yaml.Node, place: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, place, "a single value is wanted here")
        return yaml.SafeLoader("").construct_object(node)

    def _mapping(self, node: yaml.Node, place: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, place, "names with values are wanted here, such as 'must_reject: 0.01'")
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            # `no` is a language to us and a truth value to YAML: keys are taken as they are written.
            name = str(key.value)
            if name in found:
                raise self._error(key, f"{place}.{name}", "stands there twice; keep one")
            found[name] = (key, value)
        return found

    def _error(self, node: yaml.Node, place: str, problem: str) -> ThresholdsError:
        return ThresholdsError(f"{self.path}, line {node.start_mark.line + 1}, {place}: {problem}")


def _remedy(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, n=2, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(known[:12])}{' …' if len(known) > 12 else ''}"


def _singular(kind: str) -> str:
    return {"tiers": "tier", "severities": "severity", "families": "family"}[kind]
