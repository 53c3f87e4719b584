"""An answer in a script that neither the question nor any graded answer or accepted language uses."""

from __future__ import annotations

from relevance.guards.base import Guard, GuardInput
from synth.text import script_counts

MAX_FOREIGN_LETTERS = 12
"""Formulas, units, names and abbreviations (`DNA`, `CO2`, `sin x`) may be in another script."""
MAX_FOREIGN_SHARE = 0.7
ROMANISED = frozenset(("ar", "as", "bn", "fa", "gu", "hi", "kn", "ml", "mr", "ne", "pa", "ta", "te", "ur"))
"""Languages that students often type in Latin letters; there the relevance model decides."""


def _is_foreign(answer: GuardInput) -> bool:
    if answer.text.isascii() and "Latin" in answer.known_scripts:
        return False
    counts = script_counts(answer.text)
    if answer.language.split("-")[0] in ROMANISED:
        counts.pop("Latin", None)
    foreign = sum(count for script, count in counts.items() if script not in answer.known_scripts)
    return foreign > MAX_FOREIGN_LETTERS and foreign > MAX_FOREIGN_SHARE * counts.total()


WRONG_SCRIPT = Guard("wrong-script", "written in a script the question does not accept", _is_foreign)

SCRIPTS_OF_LANGUAGE = {
    **dict.fromkeys(("ar", "fa", "ur", "ps"), ("Arabic",)),
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk", "kk", "mn"), ("Cyrillic",)),
    **dict.fromkeys(("hi", "mr", "ne"), ("Devanagari",)),
    **dict.fromkeys(("bn", "as"), ("Bengali",)),
    "sr": ("Cyrillic", "Latin"),
    "el": ("Greek",),
    "he": ("Hebrew",),
    "ja": ("Han", "Hiragana", "Katakana"),
    "ko": ("Hangul", "Han"),
    "zh": ("Han",),
    "th": ("Thai",),
    "lo": ("Lao",),
    "km": ("Khmer",),
    "my": ("Myanmar",),
    "ka": ("Georgian",),
    "hy": ("Armenian",),
    "am": ("Ethiopic",),
    "ta": ("Tamil",),
    "te": ("Telugu",),
    "kn": ("Kannada",),
    "ml": ("Malayalam",),
    "gu": ("Gujarati",),
    "pa": ("Gurmukhi",),
    "si": ("Sinhala",),
}


def scripts_of(language: str) -> tuple[str, ...]:
    """Scripts a language is written in; Latin for any language not listed."""
    if language.lower() in ("zh-latn", "sr-latn", "ru-latn"):
        return ("Latin",)
    return SCRIPTS_OF_LANGUAGE.get(language.split("-")[0], ("Latin",))
