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
    own = _texts().get(language.split("-")[0], _texts()[FALLBACK])
    return own.get(reason, own["other"])


@lru_cache(maxsize=1)
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "reasons.json").read_text("utf-8"))
    return loaded
