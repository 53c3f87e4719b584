"""All filters, in the order in which they look: cheap and certain ones first."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from synth.detectors import DetectorUnavailableError
from synth.filters.assistant_talk import AssistantTalkFilter
from synth.filters.base import Filter
from synth.filters.exact_duplicate import ExactDuplicateFilter
from synth.filters.label_leakage import LabelLeakageFilter
from synth.filters.language import LanguageFilter
from synth.filters.length import LengthFilter
from synth.filters.near_duplicate import NearDuplicateFilter
from synth.filters.question_copy import QuestionCopyFilter
from synth.filters.script import ScriptFilter
from synth.filters.semantic_duplicate import SemanticDuplicateFilter

FILTERS: Mapping[str, type[Filter]] = {
    kind.name: kind
    for kind in (
        LengthFilter,
        ScriptFilter,
        LanguageFilter,
        LabelLeakageFilter,
        AssistantTalkFilter,
        QuestionCopyFilter,
        ExactDuplicateFilter,
        NearDuplicateFilter,
        SemanticDuplicateFilter,
    )
}
OFF_BY_DEFAULT = frozenset({"semantic_duplicate"})


class FilterSettingsError(ValueError):
    """A filter that does not exist, or a setting that it does not have."""

    exit_code: ClassVar[int] = 2


def build_filters(settings: Mapping[str, bool | Mapping[str, Any]] | None = None) -> list[Filter]:
    """The filters that shall look, in the registry's order.

    Args:
        settings: name -> False (off), True (on) or its settings; filters that are not named are as by default.

    Raises:
        FilterSettingsError: an unknown filter or setting.
    """
    settings = settings or {}
    for _, problem in settings_problems(settings):
        raise FilterSettingsError(problem)
    filters = []
    for name, kind in FILTERS.items():
        setting = settings.get(name, name not in OFF_BY_DEFAULT)
        if setting is not False:
            filters.append(kind(**({} if setting is True else setting)))
    return filters


def settings_problems(settings: Mapping[str, bool | Mapping[str, Any]]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Everything that is wrong with the settings: (path of keys to it, what is wrong)."""
    for name, setting in settings.items():
        if name not in FILTERS:
            yield (name,), f"no filter '{name}'; there are {', '.join(FILTERS)}"
        elif not isinstance(setting, bool):
            for argument, problem in _argument_problems(name, setting):
                yield (name, argument), problem


def _argument_problems(name: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = FILTERS[name]
    parameters = inspect.signature(kind, eval_str=True).parameters
    known = [parameter for parameter in parameters if parameter not in ("args", "kwargs")]
    for argument, value in arguments.items():
        if argument not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            yield argument, f"filter {name} has no setting '{argument}'; {has}"
            continue
        try:
            TypeAdapter(parameters[argument].annotation).validate_python(value, strict=True)
            kind(**{argument: value})
        except ValidationError as error:
            yield argument, f"filter {name}, {argument}: {error.errors()[0]['msg']}, not {value!r}"
        except DetectorUnavailableError as error:
            yield argument, f"filter {name}: {error}"
