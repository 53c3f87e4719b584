"""Names and scripts of languages: what prompts say and what the script filter expects."""

from __future__ import annotations

from synth.text import script_counts

_TABLE = """
af Afrikaans Latin|ar Arabic Arabic|az Azerbaijani Latin|be Belarusian Cyrillic|bg Bulgarian Cyrillic
bn Bengali Bengali|bs Bosnian Latin|ca Catalan Latin|cs Czech Latin|cy Welsh Latin|da Danish Latin|de German Latin
el Greek Greek|en English Latin|es Spanish Latin|et Estonian Latin|eu Basque Latin|fa Persian Arabic|fi Finnish Latin
fr French Latin|ga Irish Latin|gl Galician Latin|gu Gujarati Gujarati|he Hebrew Hebrew|hi Hindi Devanagari
hr Croatian Latin|hu Hungarian Latin|hy Armenian Armenian|id Indonesian Latin|is Icelandic Latin|it Italian Latin
ja Japanese Han+Hiragana+Katakana|ka Georgian Georgian|kk Kazakh Cyrillic|km Khmer Khmer|kn Kannada Kannada
ko Korean Hangul+Han|lo Lao Lao|lt Lithuanian Latin|lv Latvian Latin|mk Macedonian Cyrillic|ml Malayalam Malayalam
mn Mongolian Cyrillic|mr Marathi Devanagari|ms Malay Latin|my Burmese Myanmar|nb Norwegian Latin|ne Nepali Devanagari
nl Dutch Latin|no Norwegian Latin|pa Punjabi Gurmukhi|pl Polish Latin|pt Portuguese Latin|ro Romanian Latin
ru Russian Cyrillic|si Sinhala Sinhala|sk Slovak Latin|sl Slovenian Latin|so Somali Latin|sq Albanian Latin
sr Serbian Cyrillic+Latin|sv Swedish Latin|sw Swahili Latin|ta Tamil Tamil|te Telugu Telugu|th Thai Thai
tl Tagalog Latin|tr Turkish Latin|uk Ukrainian Cyrillic|ur Urdu Arabic|uz Uzbek Latin+Cyrillic|vi Vietnamese Latin
zh Chinese Han|zu Zulu Latin
"""
_ROWS = [entry.split(" ") for line in _TABLE.strip().splitlines() for entry in line.split("|")]
_NAMES = {tag: name for tag, name, _ in _ROWS}
_SCRIPTS = {tag: frozenset(scripts.split("+")) for tag, _, scripts in _ROWS}
_REGIONS = {"pt-BR": "Brazilian Portuguese", "zh-Hans": "simplified Chinese", "zh-Hant": "traditional Chinese"}
_TAG_SCRIPTS = {"Latn": "Latin", "Cyrl": "Cyrillic", "Arab": "Arabic", "Deva": "Devanagari", "Grek": "Greek"}


def primary(language: str) -> str:
    """The primary subtag: `pt` of `pt-BR`."""
    return language.split("-")[0]


def language_name(language: str) -> str:
    """English name of a BCP 47 tag, for a prompt; the tag itself where this table does not know it."""
    return _REGIONS.get(language) or _NAMES.get(primary(language), language)


def named_languages() -> tuple[str, ...]:
    """Tags of all languages in the table."""
    return tuple(sorted(_NAMES))


def scripts_of(language: str) -> frozenset[str]:
    """Scripts the language is written in (names as in `synth.text`); empty where this table does not know it."""
    for subtag in language.split("-")[1:]:
        if subtag in _TAG_SCRIPTS:
            return frozenset({_TAG_SCRIPTS[subtag]})
    return _SCRIPTS.get(primary(language), frozenset())


def share_in_script(text: str, language: str) -> float:
    """Share of the text's letters that are in a script of the language; 1.0 without letters or an unknown language."""
    expected = scripts_of(language)
    counts = script_counts(text)
    letters = sum(counts.values())
    if not expected or not letters:
        return 1.0
    return sum(count for script, count in counts.items() if script in expected) / letters
