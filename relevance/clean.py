"""What is read of an answer: hidden characters, look-alike letters and repeated or quoted text are taken out first.

Guards, relevance model and grader all see the cleaned text, so that what a student cannot see changes nothing.
"""

from __future__ import annotations

import unicodedata

import regex

from synth.text import folded_words, longest_common_run, script_counts, script_of, words

MAX_CHARACTERS = 4_000
"""Longer answers are read up to here."""

# Zero-width and bidirectional controls, variation selectors, tag characters, soft hyphen, interlinear marks.
# ZWNJ and ZWJ (U+200C, U+200D) shape words in Persian and the Indic scripts; there they are kept between letters.
_HIDDEN = regex.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_JOINERS = regex.compile(
    r"(?<![\p{Arabic}\p{Devanagari}\p{Bengali}\p{Gujarati}\p{Malayalam}\p{Sinhala}\p{M}])[\u200c\u200d]"
)
_CONTROLS = regex.compile(r"[\p{Cc}\p{Co}\p{Cn}\p{Cs}]+")
_STACKED_MARKS = regex.compile(r"(\p{M}{2})\p{M}{2,}")
_WORD_OF_LETTERS = regex.compile(r"\p{L}[\p{L}\p{M}]*")

_ALIKE = frozenset({"Latin", "Cyrillic", "Greek"})
# Letters of one script that look like Latin ones (Unicode TR39 confusables, those that whole words can be built of).
_LATIN_OF = dict(
    zip(
        "АВЕЅZІЈКМНОРСТХУаеіјорсухѕһԁԛԝɡΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυχ",
        "ABESZIJKMHOPCTXYaeijopcyxshdqwgABEZHIKMNOPTYXavopux",
        strict=True,
    )
)
_CYRILLIC_OF = {latin: char for char, latin in _LATIN_OF.items() if script_of(char) == "Cyrillic"}
_GREEK_OF = {latin: char for char, latin in _LATIN_OF.items() if script_of(char) == "Greek"}


def clean_text(text: str, script: str | None = None) -> str:
    """The text as its reader sees it.

    NFKC; hidden and control characters removed; stacked marks cut to two; look-alike letters in the script of their
    word (a word all of look-alikes: in `script`, the main script of the question); white space to single spaces.
    """
    text = text[:MAX_CHARACTERS]
    if text.isascii():
        # Nothing is hidden or looks alike there but control characters.
        text = text if text.isprintable() else _CONTROLS.sub(" ", text)
    else:
        text = unicodedata.normalize("NFKC", text)
        text = _JOINERS.sub("", _HIDDEN.sub("", text))
        text = text if text.isprintable() else _CONTROLS.sub(" ", text)
        text = _STACKED_MARKS.sub(r"\1", text)
        scripts = script_counts(text).keys()
        if scripts & _ALIKE and scripts != {script}:
            text = _WORD_OF_LETTERS.sub(lambda match: _in_one_script(match.group(), script), text)
    return " ".join(text.split())


def main_script(text: str) -> str | None:
    """The script most letters of the text are in, or None when it has no letters."""
    counts = script_counts(text)
    return counts.most_common(1)[0][0] if counts else None


def without_repetition(text: str) -> str:
    """A text that is one passage several times over, cut to one copy; any other text as it is."""
    folded = folded_words(text)
    count = len(folded)
    for size in range(1, count // 2 + 1):
        # Whole copies; the last may be cut short by a length limit.
        if folded[size] != folded[0] or (size <= 3 and count < 4 * size):
            continue
        if folded[size:] == folded[:-size]:
            found = words(text)
            # A lone iota subscript is a word of its own only once it is folded.
            return text[: found[size].start].strip() if len(found) == count else text
    return text


def without_quoted_question(answer: str, question: str) -> str:
    """The answer without the question it quotes: a run of at least four words and 60 % of the question's words.

    What is left is the student's own; it is blank when nothing was added.
    """
    asked = folded_words(question)
    folded = folded_words(answer)
    needed = max(4, int(0.6 * len(asked)))
    if sum(map(frozenset(asked).__contains__, folded)) < needed:
        return answer
    start, _, length = longest_common_run(folded, asked)
    if length < needed:
        return answer
    found = words(answer)
    if len(found) != len(folded):
        return answer
    before = answer[: found[start].start]
    after = answer[found[start + length - 1].end :]
    rest = f"{before.rstrip()} {after.lstrip(' ?!.,:;。？！،؟।')}".strip()
    return without_quoted_question(rest, question)


def _in_one_script(word: str, script: str | None) -> str:
    if word.isascii() and script not in ("Cyrillic", "Greek"):
        return word
    counts = script_counts(word)
    if not counts.keys() & _ALIKE or (len(counts) == 1 and next(iter(counts)) == script):
        return word
    if len(counts) == 1 and (script not in _ALIKE or not _all_convertible(word, script)):
        return word
    target = script if script in counts or len(counts) == 1 else counts.most_common(1)[0][0]
    return "".join(_as_script(char, target) for char in word)


def _all_convertible(word: str, script: str) -> bool:
    return len(word) > 1 and all(script_of(_as_script(char, script)) == script for char in word if char.isalpha())


def _as_script(char: str, script: str | None) -> str:
    latin = _LATIN_OF.get(char, char)
    if script == "Latin":
        return latin
    if script == "Cyrillic":
        return _CYRILLIC_OF.get(latin, char)
    if script == "Greek":
        return _GREEK_OF.get(latin, char)
    return char
