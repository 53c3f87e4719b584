"""Every family in every language: right script, right tier, nothing that deserves a grade."""

import unicodedata
from dataclasses import replace

import pytest

from synth.attacks import attack_families, language_codes, make_attacks, sample_context
from synth.attacks.languages import language_data
from synth.attacks.scripts import in_scripts, normal

CODES = language_codes()
COUNT = 25
ANY_SCRIPT = {
    "null-values", "encodings", "markup", "master-keys", "null-model", "wrong-language-off-topic",
    "wrong-language-right-answer", "injection-foreign", "injection-hidden", "transliteration", "code-mix",
    "homoglyphs", "normal-forms", "homoglyph-gibberish", "keyboard-mash",
}  # fmt: skip
"""Families whose texts are meant to be in other letters than the language's."""


@pytest.mark.parametrize("name", attack_families())
def test_a_family_attacks_every_language_it_claims(name):
    family = attack_families()[name]
    for code in CODES:
        attacks = make_attacks(family, sample_context(code), COUNT, 0)
        assert bool(attacks) == family.supports(code), code
        scripts = language_data(code).scripts
        own = [attack.text for attack in attacks if in_scripts(attack.text, scripts) >= 0.8]
        assert name in ANY_SCRIPT or len(own) >= 0.9 * len(attacks), (code, [attack.text for attack in attacks[:5]])


@pytest.mark.parametrize("name", attack_families())
def test_attacks_keep_the_promise_of_their_tier(name):
    family = attack_families()[name]
    for code in CODES:
        context = sample_context(code)
        graded = {answer.text for answer in context.question.answers}
        normals = {normal(text) for text in graded}
        for attack in make_attacks(family, context, COUNT, 1):
            if family.tier == "must_reject":
                assert attack.text not in graded and normal(attack.text) not in normals, code
            else:
                assert attack.clean is not None and attack.clean_grade is not None, code
                assert attack.text != attack.clean, code
            if family.tier == "must_not_gain":
                assert attack.clean_grade < context.question.max_grade, code


def test_keyboard_mash_uses_the_keys_of_the_language():
    for code in CODES:
        keys = set("".join(language_data(code).keyboard)) | {" "}
        for attack in make_attacks("keyboard-mash", sample_context(code), COUNT, 0):
            assert set(attack.text) <= keys


def test_gibberish_stays_gibberish():
    for code in CODES:
        known = language_data(code).known_words
        for attack in make_attacks("random-characters", sample_context(code), 100, 0):
            assert normal(attack.text) not in known
            assert len(attack.text) >= 8


def test_wrong_languages_are_never_accepted_ones():
    context = sample_context("en")
    accepting = replace(context.question, accepted_languages=("fr", "de"))
    context = type(context)(accepting, context.course, context.elsewhere, context.translations)
    refused = {sample.text for sample in context.translations if sample.language in ("fr", "de")}
    best = {answer.text for sample in context.translations if sample.text in refused for answer in sample.answers}
    texts = {attack.text for attack in make_attacks("wrong-language-right-answer", context, 500, 0)}
    assert texts and texts.isdisjoint(best)


def test_typos_leave_numbers_and_most_of_the_text_alone():
    for code in CODES:
        for attack in make_attacks("typos", sample_context(code), COUNT, 0):
            digits = [letter for letter in attack.text if letter.isdigit()]
            assert digits == [letter for letter in attack.clean if letter.isdigit()]
            assert abs(len(attack.text) - len(attack.clean)) <= 20


def test_look_alikes_and_invisible_characters_leave_the_length_to_the_eye():
    for code in CODES:
        for attack in make_attacks("homoglyphs", sample_context(code), COUNT, 0):
            assert len(attack.text) == len(attack.clean)
        for attack in make_attacks("zero-width", sample_context(code), COUNT, 0):
            seen = [letter for letter in attack.text if letter in attack.clean]
            assert "".join(seen).replace(" ", "")[:10] == attack.clean.replace(" ", "")[:10]


def test_normal_forms_read_the_same():
    for code in CODES:
        for attack in make_attacks("normal-forms", sample_context(code), COUNT, 0):
            bare = "".join(mark for mark in attack.text if mark not in "\u034f\u0332\u0305")
            assert unicodedata.normalize("NFKC", bare) == unicodedata.normalize("NFKC", attack.clean)


def test_padding_reaches_ten_thousand_words():
    longest = max(len(attack.text.split()) for attack in make_attacks("padding", sample_context("en"), 100, 0))
    assert 5_000 < longest < 15_000


def test_injections_name_the_maximum_grade():
    for name in ("injection-command", "injection-fake-completion"):
        texts = [attack.text for attack in make_attacks(name, sample_context("en"), 60, 0)]
        assert any("4" in text for text in texts) and not any("{max}" in text for text in texts)
