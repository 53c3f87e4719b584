"""The texts of the pages: every language says everything, and every text the pages ask for is there."""

import json
import re
from pathlib import Path

import pytest

from relevance.gate import IRRELEVANT
from relevance.guards import guards

STATIC = Path(__file__).parents[3] / "service" / "pages" / "static"
MESSAGES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((STATIC / "messages").glob("*.json"))}
SCRIPTS = {path.relative_to(STATIC).as_posix(): path.read_text("utf-8") for path in sorted(STATIC.rglob("*.js"))}
PLURALS = {
    "ar": {"one", "two", "few", "many", "other"},
    "zh": {"other"},
    **{language: {"one", "other"} for language in ("de", "en", "es", "fr", "hi")},
}
"""The categories of CLDR that a text must have; `many` of Spanish and French (millions) falls back to `other`."""


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_the_chooser_offers_every_language_there_is() -> None:
    offered = re.search(r"LANGUAGES = \{(.*?)\}", SCRIPTS["js/i18n.js"], re.DOTALL)
    assert offered is not None
    assert set(re.findall(r"^\s*(\w+):", offered[1], re.MULTILINE)) == set(MESSAGES) == set(PLURALS)


@pytest.mark.parametrize("language", MESSAGES)
def test_every_language_says_everything(language: str) -> None:
    english, texts = MESSAGES["en"], MESSAGES[language]
    assert list(texts) == list(english)
    for key, entry in texts.items():
        assert isinstance(entry, dict) == isinstance(english[key], dict), key
        if isinstance(entry, str):
            assert placeholders(entry) == placeholders(english[key]), key
            assert entry.strip(), key
            continue
        assert set(entry) - {"zero"} == PLURALS[language], key
        # A form for one or two things may say the number in words; the general form has all there is to say.
        assert placeholders(entry["other"]) == placeholders(english[key]["other"]), key
        assert all(placeholders(form) <= placeholders(entry["other"]) for form in entry.values()), key


def test_every_reason_has_words_and_advice() -> None:
    reasons = [guard.name for guard in guards()] + [IRRELEVANT]
    for reason in reasons:
        assert f"reason.{reason}" in MESSAGES["en"], reason
        assert f"advice.{reason}" in MESSAGES["en"], reason


def test_every_text_the_pages_ask_for_is_there_and_none_is_left_over() -> None:
    code = "\n".join(SCRIPTS.values())
    quoted = set(re.findall(r"[\"`]([a-z]\w*(?:[.-][\w-]+)*)[\"`]", code))
    built = tuple(prefix for prefix in re.findall(r"`([a-z]\w*\.)\$\{", code))
    asked = set(re.findall(r"\bt\(\s*\"([^\"]+)\"", code))
    assert asked <= set(MESSAGES["en"])
    left_over = {key for key in MESSAGES["en"] if key not in quoted and not key.startswith(built)}
    assert left_over <= {"student.title", "teacher.title"}


def test_no_text_can_become_markup() -> None:
    for name, code in SCRIPTS.items():
        found = re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser", code
        )
        assert found is None, f"{name}: {found}"


@pytest.mark.parametrize("page", ["index.html", "teacher.html", "student.html"])
def test_pages_have_nothing_inline_and_nothing_from_elsewhere(page: str) -> None:
    html = (STATIC.parent / page).read_text("utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html) == []
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"", html)
    assert addresses
    assert all((STATIC.parent / address.removeprefix("/")).is_file() for address in addresses)
