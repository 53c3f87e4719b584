"""Why an answer was turned away, in plain words of the student's language. Nothing here is generated."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from synth.languages import primary

FILE = Path(__file__).with_name("reasons.json")
MESSAGES = {
    "blank": "blank",
    "punctuation": "blank",
    "master-key": "blank",
    "refusal": "refusal",
    "copied-question": "copied",
    "repeated-word": "repeated",
    "encoded": "unreadable",
    "markup-only": "unreadable",
    "injection": "injection",
    "wrong-script": "language",
    "irrelevant": "irrelevant",
}
"""The gate's reason -> message of the file. Reasons that are not here get the message `irrelevant`."""


def plain_reason(reason: str, language: str) -> str:
    """One sentence for the student, in the language of the question, in English where there is no translation."""
    message = MESSAGES.get(reason, "irrelevant")
    return _texts().get(primary(language), _texts()["en"])[message]


def reason_languages() -> list[str]:
    """Languages that reasons are translated into."""
    return sorted(_texts())


@cache
def _texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return texts
