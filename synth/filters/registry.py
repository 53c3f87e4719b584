"""All filters, in the order in which they look: cheap and certain ones first."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

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
    for name in settings:
        if name not in FILTERS:
            raise FilterSettingsError(f"no filter '{name}'; there are {', '.join(FILTERS)}")
    filters = []
    for name, kind in FILTERS.items():
        setting = settings.get(name, name not in OFF_BY_DEFAULT)
        if setting is False:
            continue
        arguments = {} if setting is True else dict(setting)
        known = [parameter for parameter in inspect.signature(kind).parameters if parameter not in ("args", "kwargs")]
        for argument in arguments:
            if argument not in known:
                has = f"it has {', '.join(known)}" if known else "it has none"
                raise FilterSettingsError(f"filter {name} has no setting '{argument}'; {has}")
        filters.append(kind(**arguments))
    return filters
