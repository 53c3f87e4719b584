"""Every reason that a guard or the gate can give has words, in every language there are words in."""

import json
from pathlib import Path

import service.reasons
from relevance.gate import IRRELEVANT
from relevance.guards import guards
from service.reasons import reason_text
from synth.bank import bank_languages


def test_every_reason_has_words_in_every_language() -> None:
    texts = json.loads(Path(service.reasons.__file__).with_name("reasons.json").read_text("utf-8"))
    needed = {guard.name for guard in guards()} | {IRRELEVANT, "other"}
    assert {language: set(own) for language, own in texts.items()} == dict.fromkeys(texts, needed)
    assert set(texts) >= set(bank_languages())
    assert all(text.strip() for own in texts.values() for text in own.values())


def test_the_questions_language_comes_first_then_english() -> None:
    assert reason_text(None, "de") is None
    assert reason_text("blank", "pt-BR") == reason_text("blank", "pt") != reason_text("blank", "en")
    assert reason_text("blank", "xx") == reason_text("blank", "en")
    assert reason_text("something new", "de") == reason_text("other", "de")
