"""The generated catalogue page."""

from pathlib import Path

from synth.attacks import attack_families, language_codes
from synth.attacks.catalogue import catalogue_markdown, main, shown

PAGE = Path(__file__).parents[3] / "docs" / "attacks.md"


def test_the_page_is_what_the_code_generates():
    assert PAGE.read_text(encoding="utf-8") == catalogue_markdown(), "run python -m synth.attacks.catalogue"


def test_every_family_has_a_section_and_an_example_in_every_language_it_claims():
    page = catalogue_markdown()
    for name, family in attack_families().items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for code in language_codes():
            assert (f"\n| {code} | " in section) == family.supports(code), (name, code)


def test_examples_cannot_break_the_table():
    assert shown("a|b") == "`a\\|b`"
    assert shown("a\nb\u200b") == "`aU+000AbU+200B`"
    assert shown("") == "(empty)"
    assert shown(" ") == "`U+0020`"
    assert shown("a`b") == "`` a`b ``"
    assert len(shown("x" * 500)) == 82


def test_the_command_writes_the_file_it_is_given(tmp_path, capsys):
    assert main([str(tmp_path / "docs" / "page.md")]) == 0
    assert (tmp_path / "docs" / "page.md").read_text(encoding="utf-8").startswith("# Attack families")
    assert "families" in capsys.readouterr().out
