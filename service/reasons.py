"""Why an answer was turned away, in plain words a student understands, in the question's language where we have it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

FALLBACK = "en"


def reason_text(reason: str | None, language: str) -> str | None:
    """The reason in words; in English when the language or the reason has no translation."""
    if reason is None:
        return None
    table = _texts()
    for tag in (language.split("-")[0], FALLBACK):
        if reason in table.get(tag, {}):
            return table[tag][reason]
    return table[FALLBACK]["other"]


@lru_cache(maxsize=1)
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "reasons.json").read_text("utf-8"))
    return loaded
