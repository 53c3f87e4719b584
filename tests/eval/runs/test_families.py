"""The catalogue's count, and every text of it held to what it claims: language, script, tier."""

import pytest

from eval.families import catalogue_lines, family_lines
from synth.attacks import attack_families, get_family, language_codes, make_attacks, sample_context
from synth.attacks.languages import language_data
from synth.attacks.scripts import in_scripts, normal

PROMISED_LANGUAGES = 16
OTHER_SCRIPT = {
    "null-values", "encodings", "markup", "master-keys", "null-model", "wrong-language-off-topic",
    "wrong-language-right-answer", "injection-foreign", "injection-hidden", "transliteration", "code-mix",
    "homoglyphs", "normal-forms", "homoglyph-gibberish", "keyboard-mash",
}  # fmt: skip
"""Families whose texts are meant to hold other letters than the language's."""


@pytest.mark.parametrize("code", language_codes())
def test_every_example_of_the_catalogue_is_what_it_claims(code: str) -> None:
    context = sample_context(code)
    graded = {normal(answer.text): answer.grade for answer in context.question.answers}
    scripts = language_data(code).scripts
    for family in attack_families().values():
        attacks = make_attacks(family, context, 3, 0)
        assert bool(attacks) is family.supports(code), family.name
        for attack in attacks:
            if family.name not in OTHER_SCRIPT:
                assert in_scripts(attack.text, scripts) >= 0.5, f"{family.name}: {attack.text[:80]}"
            if family.tier == "must_reject":
                assert attack.clean is None or family.name not in graded
                assert not normal(attack.text) or normal(attack.text) not in graded, family.name
            else:
                assert attack.clean is not None and attack.text != attack.clean, family.name
            if family.tier == "must_not_gain":
                assert graded[normal(attack.clean or "")] < context.question.max_grade, family.name


def test_the_count_of_families_and_languages() -> None:
    families, codes = attack_families(), language_codes()
    pairs = sum(family.supports(code) for family in families.values() for code in codes)
    first = catalogue_lines()[0]
    assert first == f"{len(families)} families in {len(codes)} languages: {pairs} pairs of a family and a language"
    assert len(families) >= 65 and len(codes) >= PROMISED_LANGUAGES and pairs >= 0.95 * len(families) * len(codes)


def test_the_catalogue_in_a_terminal() -> None:
    lines = catalogue_lines()
    assert [line for line in lines if len(line) > 80] == []
    assert all(any(line.startswith(f"  {name} ") for line in lines) for name in attack_families())
    shown = family_lines(get_family("keyboard-mash"))
    assert sum(line.startswith("  ") for line in shown) == len(language_codes())
    assert any(line.startswith("Source: ") for line in shown)
