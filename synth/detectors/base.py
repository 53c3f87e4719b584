"""What a detector is, and when its word is enough to call a text's language wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

import regex

from synth.languages import primary

LEAST_SHARE = 0.2
"""A detector that gives no language more than this has no opinion."""
_FLOOR = 1e-3
_TWINS = (
    frozenset({"no", "nb", "nn", "da", "sv"}),
    frozenset({"hr", "bs", "sr", "sl", "mk", "bg"}),
    frozenset({"hi", "mr", "ne"}),
    frozenset({"id", "ms"}),
    frozenset({"cs", "sk"}),
    frozenset({"af", "nl"}),
    frozenset({"pt", "gl", "es", "ca"}),
    frozenset({"fa", "ur", "ar"}),
    frozenset({"zh", "ja"}),
    frozenset({"ru", "uk", "be"}),
)
"""Languages that short texts do not tell apart reliably: between them the margin is squared."""
_SYMBOLS = regex.compile(r"\p{L}*[\p{N}_=^/\\]+[\p{L}\p{N}]*|\b\p{Lu}[\p{Lu}\p{N}]+\b", flags=regex.VERSION1)
SURE_MARGIN = 3.0
"""A first detector that finds the expected language so many times likelier than any other needs no second opinion."""
LEAST_LETTERS = 6
LEAST_PROSE = 0.5
"""Share of letters among what is not space: below it the text is a calculation, whatever its few words look like."""
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}]", flags=regex.VERSION1)


class DetectorUnavailableError(RuntimeError):
    """A detector whose package is not installed, or a name that no detector has."""

    exit_code: ClassVar[int] = 2


class LanguageDetector(Protocol):
    """Probabilities of languages. The same text gives the same numbers, whatever was asked before."""

    name: ClassVar[str]
    margin: ClassVar[float]
    """How many times likelier another language must be than the expected one. Chosen by benchmarks/synth_languages.py:
    the smallest that turns hardly any honest answer away."""

    first: LanguageDetector | None
    """A cheaper detector, asked before: where it is sure of the expected language, that is the answer; or None."""
    second: LanguageDetector | None
    """A detector that must agree before a text is called wrong, or None."""

    def probabilities(self, text: str) -> Mapping[str, float]:
        """Primary subtag -> probability; empty where the detector has nothing to say."""
        ...

    def knows(self, language: str) -> bool:
        """Whether the detector can recognise the language at all."""
        ...

    def unload(self) -> bool:
        """Give the models' memory back; who asks again waits for them again. False where there was next to none."""
        ...


def is_checkable(text: str) -> bool:
    """Whether the text has enough prose to tell its language by: formulas and numbers have none."""
    plain = _SYMBOLS.sub(" ", text)
    letters = sum(map(str.isalpha, plain))
    if letters < LEAST_PROSE * len("".join(text.split())):
        return False
    # A character of an unspaced script holds about as much as two letters of an alphabet.
    return letters + len(_UNSPACED.findall(plain)) >= LEAST_LETTERS


def is_wrong_language(
    text: str, expected: str, detector: LanguageDetector, margin: float | None = None
) -> tuple[str, float] | None:
    """The language the text is in instead of the expected one, and its probability; None where it may be right.

    What is not checkable, and languages the detector does not know, are never called wrong.
    """
    language = _merged(primary(expected))
    if not is_checkable(text) or not detector.knows(language):
        return None
    plain = _SYMBOLS.sub(" ", text)
    if detector.first is not None and _is_sure(plain, language, detector.first):
        return None
    other = _other(plain, language, detector, detector.margin if margin is None else margin)
    second = detector.second
    # Two detectors of different make are seldom wrong about the same short text.
    if other is None or (second and second.knows(language) and _other(plain, language, second, 1.0) is None):
        return None
    return other


def _is_sure(text: str, language: str, detector: LanguageDetector) -> bool:
    found = dict(detector.probabilities(text))
    expected = found.pop(language, 0.0)
    if not found:
        return False
    rival = max(sorted(found), key=lambda name: found[name])
    return expected > _needed(SURE_MARGIN, language, rival) * found[rival]


def _needed(margin: float, language: str, other: str) -> float:
    """How many times likelier one of two languages must be: more where short texts hardly tell them apart."""
    return margin**2 if any({language, other} <= twins for twins in _TWINS) else margin


def _other(text: str, language: str, detector: LanguageDetector, margin: float) -> tuple[str, float] | None:
    found = detector.probabilities(text)
    if not found:
        return None
    top = max(sorted(found), key=lambda name: found[name])
    if top == language or found[top] < LEAST_SHARE:
        return None
    needed = _needed(margin, language, top) * max(found.get(language, 0.0), _FLOOR)
    return (top, found[top]) if found[top] >= needed else None


def _merged(language: str) -> str:
    """Norwegian has three tags and one detector's name."""
    return "no" if language in ("nb", "nn") else language
