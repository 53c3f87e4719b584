"""What the attack families know about a language: its letters, keyboard, words and the phrases students write.

One YAML file per language, written by hand. A family asks `language_for(question)`; a language without a file gets the
letters of the question itself and English phrases, so that every family that can work without words still works.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from synth.attacks.scripts import LETTER, is_unspaced, script_of, split_words
from synth.graded import GradedQuestion

FOLDER = Path(__file__).parent
Pairs = tuple[tuple[str, str], ...]
FALLBACK = "en"


@dataclass(frozen=True)
class Language:
    """One language's data. Slots in braces are filled by the families: {topic}, {stem}, {max}, {grade}, {list}."""

    code: str
    name: str
    scripts: tuple[str, ...]
    """Unicode scripts that its texts are written in."""
    spaced: bool
    """Whether spaces separate words."""
    alphabet: str
    marks: str
    """Combining signs that a letter may carry in the scripts where vowels are signs."""
    keyboard: tuple[str, ...]
    """Rows of the usual layout, from the top."""
    particles: tuple[str, ...]
    """Particles written together with a noun, the longest first."""
    comma: str
    function_words: tuple[str, ...]
    content_words: tuple[str, ...]
    refusals: tuple[str, ...]
    topic_refusals: tuple[str, ...]
    fillers: tuple[str, ...]
    universal: tuple[str, ...]
    off_topic: tuple[str, ...]
    command: tuple[str, ...]
    fake: tuple[str, ...]
    role: tuple[str, ...]
    authority: tuple[str, ...]
    plea: tuple[str, ...]
    praise: tuple[str, ...]
    rubric: tuple[str, ...]
    vacuous: tuple[str, ...]
    absurd: tuple[str, ...]
    restated: tuple[str, ...]
    statement: tuple[str, ...]
    master_keys: tuple[str, ...]
    grade_texts: tuple[str, ...]
    hedges: tuple[str, ...]
    or_words: tuple[str, ...]
    adjectives: tuple[str, ...]
    adverbs: tuple[str, ...]
    adjective_after: bool
    """Whether an adjective usually follows its noun."""
    negations: Pairs
    opposites: Pairs
    directions: Pairs
    typos: Pairs
    """Spellings that learners and hurried writers confuse."""
    glosses: Pairs
    """Function words with their English counterparts, for texts that mix two languages."""

    @property
    def joiner(self) -> str:
        """What stands between two words."""
        return " " if self.spaced else ""

    @cached_property
    def sentence_joiner(self) -> str:
        """What stands between two sentences."""
        return "" if self.scripts[0] in ("Han", "Hiragana") else " "

    @cached_property
    def stop_words(self) -> frozenset[str]:
        return frozenset(word.casefold() for word in self.function_words)

    @cached_property
    def known_words(self) -> frozenset[str]:
        """Every word in the file, to cut texts without spaces and to tell a word from gibberish."""
        return self.stop_words | {word.casefold() for word in self.content_words}

    def without_particle(self, word: str) -> str:
        """The noun without its particle, where at least a syllable or letter group of it is left."""
        for particle in self.particles:
            if word.endswith(particle) and len(word) > len(particle):
                return word[: -len(particle)]
        return word

    def words(self, text: str) -> list[str]:
        """The words of a text of this language."""
        return split_words(text, self.stop_words if self.spaced else self.known_words)


_FIELDS_OF_LINES = """
    refusals topic_refusals fillers universal off_topic command fake role authority plea praise rubric vacuous absurd
    restated statement master_keys grade_texts hedges adverbs adjectives or_words
"""
LINES = frozenset(_FIELDS_OF_LINES.split())
WORDS = frozenset(["scripts", "keyboard", "particles", "function_words", "content_words"])
PAIRS = frozenset(["negations", "opposites", "directions", "typos", "glosses"])


@lru_cache(maxsize=1)
def language_codes() -> tuple[str, ...]:
    """Primary subtags of the languages with a file, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def primary(tag: str) -> str:
    """The language of a BCP 47 tag without script and region."""
    return tag.split("-")[0].lower()


@lru_cache(maxsize=64)
def language_data(code: str) -> Language:
    """The file of a language.

    Raises:
        KeyError: there is none; `language_codes()` lists them.
    """
    if code not in language_codes():
        raise KeyError(code)
    return _language(code, raw_data(code))


def language_for(question: GradedQuestion) -> Language:
    """The question's language; without a file, the letters of the question's own texts and English phrases."""
    code = primary(question.language)
    if code in language_codes():
        return language_data(code)
    texts = "\n".join([question.text, *question.references, *(answer.text for answer in question.answers)])
    return _derived(code, texts)


@lru_cache(maxsize=256)
def _derived(code: str, texts: str) -> Language:
    script = script_of(texts)
    letters = "".join(sorted({letter.lower() for letter in LETTER.findall(texts) if script_of(letter) == script}))
    english = language_data(FALLBACK)
    if script == "Latin":
        letters = "".join(sorted(set(letters) | set(english.alphabet)))
    width = max(1, (len(letters) + 2) // 3)
    rows = tuple(letters[start : start + width] for start in range(0, len(letters), width))
    empty: dict[str, Any] = dict.fromkeys(("function_words", "content_words", *PAIRS), ())
    return replace(
        english,
        code=code,
        name=code,
        scripts=(script,),
        spaced=not is_unspaced(texts),
        alphabet=letters or english.alphabet,
        keyboard=english.keyboard if script == "Latin" else rows or english.keyboard,
        **empty,
    )


@lru_cache(maxsize=64)
def raw_data(code: str) -> Mapping[str, Any]:
    """The file of a language as it is written, its sample questions included."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: Mapping[str, Any] = yaml.load((FOLDER / f"{code}.yaml").read_text(encoding="utf-8"), Loader=loader)
    return loaded


def _language(code: str, raw: Mapping[str, Any]) -> Language:
    values: dict[str, Any] = {"code": code}
    for field in fields(Language):
        if field.name == "code":
            continue
        value = raw.get(field.name)
        if field.name in LINES:
            values[field.name] = _lines(value)
        elif field.name in WORDS:
            values[field.name] = tuple(dict.fromkeys(str(value or "").split()))
        elif field.name in PAIRS:
            values[field.name] = _pairs(value)
        elif field.name in ("spaced", "adjective_after"):
            values[field.name] = bool(value) if value is not None else field.name == "spaced"
        elif field.name == "comma":
            values[field.name] = value or ", "
        else:
            values[field.name] = "".join(str(value or "").split()) if field.name != "name" else str(value)
    return Language(**values)


def _lines(value: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in (value or "").splitlines() if line.strip()))


def _pairs(value: str | None) -> Pairs:
    pairs = []
    for part in (value or "").replace("\n", ";").split(";"):
        if part.strip():
            left, right = part.split("=")
            pairs.append((left.strip(), right.strip()))
    return tuple(pairs)
