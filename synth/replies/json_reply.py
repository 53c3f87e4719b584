"""JSON and near-JSON replies: one bad item never costs its neighbours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import regex

_FENCE = regex.compile(r"```[a-zA-Z]*\s*|```")
_THOUGHTS = regex.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", flags=regex.DOTALL)


def parse_objects(text: str, field: str) -> tuple[list[dict[str, Any]], bool]:
    """The objects of the list `field` in a reply that should be `{field: [{…}, …]}`.

    A reply that is not valid JSON (fences, text around it, cut off, single quotes, trailing commas, a broken item) is
    read object by object; an object that was cut off is left out rather than completed by a guess.

    Returns:
        (objects, repaired): `repaired` says that the reply was not valid JSON as it stood.
    """
    try:
        return _listed(json.loads(text), field), False
    except ValueError:
        pass
    cleaned = _FENCE.sub("", _THOUGHTS.sub("", text))
    start = min((place for place in (cleaned.find("{"), cleaned.find("[")) if place >= 0), default=-1)
    if start < 0:
        return [], True
    try:
        return _listed(json.JSONDecoder(strict=False).raw_decode(cleaned[start:])[0], field), True
    except ValueError:
        return list(_salvaged(cleaned[start:])), True


def _listed(value: Any, field: str) -> list[dict[str, Any]]:
    """The list inside a decoded reply, under its field's name or any other; a bare list or a bare item too."""
    if isinstance(value, dict):
        listed = value.get(field)
        if not isinstance(listed, list):
            listed = next((inner for inner in value.values() if isinstance(inner, list)), [value])
        value = listed
    if not isinstance(value, list):
        return []
    return [item if isinstance(item, dict) else {"text": item} for item in value if isinstance(item, dict | str)]


def _salvaged(text: str) -> Iterator[dict[str, Any]]:
    """Innermost complete objects of a broken text, in order."""
    for segment in _innermost_segments(text):
        value = _decoded(segment)
        if value:
            yield value


def _decoded(segment: str) -> dict[str, Any] | None:
    try:
        value = json.loads(segment, strict=False)
    except ValueError:
        # The library is needed for broken replies only, so it is imported for them only.
        import json_repair

        value = json_repair.loads(segment)
    return value if isinstance(value, dict) else None


def _innermost_segments(text: str) -> Iterator[str]:
    """`{…}` segments that hold no other object; braces inside double quotes do not count."""
    start: int | None = None
    quoted = False
    place = 0
    while place < len(text):
        char = text[place]
        if quoted and char == "\\":
            place += 2
            continue
        if char == '"':
            quoted = not quoted
        elif char == "{" and not quoted:
            start = place
        elif char == "{" and _looks_like_item(text, place):
            # A quotation mark was lost: whatever was open is broken, the next item is not.
            start, quoted = place, False
        elif char == "}" and start is not None and (not quoted or _ends_item(text, place)):
            yield text[start : place + 1]
            start, quoted = None, False
        place += 1


_ITEM_START = regex.compile(r"\{\s*[\"'](?:text|answer|question|number)[\"']\s*:")
_ITEM_END = regex.compile(r"\}\s*(?:,\s*\{|\])")


def _looks_like_item(text: str, place: int) -> bool:
    return _ITEM_START.match(text, place) is not None


def _ends_item(text: str, place: int) -> bool:
    return _ITEM_END.match(text, place) is not None
