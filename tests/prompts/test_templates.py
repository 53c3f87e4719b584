"""Every template renders for every language and kind, and a change of any part changes its hash."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from prompts import TemplateError, load_template, template_names
from prompts.loader import TEMPLATE_FOLDER
from synth.kinds import answer_templates
from synth.languages import language_name, named_languages

VALUES: dict[str, Any] = {
    "question": "Why is the sky blue?",
    "subject": "physics",
    "level": "lower secondary",
    "max_grade": 3,
    "references": ["Short waves are scattered most."],
    "rubric": {"0": "nothing", "3": "all"},
    "examples": [{"text": "Scattering.", "grade": 2}],
    "count": 5,
    "written": ["Because of the sea."],
    "counts": {"correct": 2, "incorrect": 3},
    "irrelevant_count": 2,
    "answers": ["Scattering.", "The sea."],
    "parallel_questions": [],
    "question_count": 3,
    "deep_count": 1,
    "levels": [0, 1, 2, 3],
    "fence": "ANSWER-0",
    "answer": "Scattering.",
    "grade": 2,
    "graded_count": 30,
    "tried": [{"text": "Blue skies are blue.", "grade": 1, "verdict": ""}],
}
EMPTY = {
    "references": [],
    "rubric": {},
    "examples": [],
    "written": [],
    "subject": None,
    "level": None,
    "counts": {},
    "tried": [],
}


@pytest.mark.parametrize("name", template_names())
@pytest.mark.parametrize("more", [{}, EMPTY], ids=["full", "empty"])
def test_every_template_renders_in_every_language(name: str, more: dict[str, Any]) -> None:
    template = load_template(name)
    if name.startswith("questions/"):
        more = {"written": []}
    for language in named_languages():
        values = VALUES | more | {"language": language, "language_name": language_name(language)}
        text = template.render(**{key: values[key] for key in template.variables})
        assert language_name(language) in text
        assert "{{" not in text and "{%" not in text and ", None" not in text


def test_every_kind_has_its_own_template() -> None:
    texts = Counter(
        Path(TEMPLATE_FOLDER, f"{name}.j2").read_text(encoding="utf-8") for name in answer_templates().values()
    )
    assert set(texts.values()) == {1}
    assert list(answer_templates())[:4] == ["correct", "incomplete", "incorrect", "irrelevant"]


@pytest.mark.parametrize("name", template_names())
def test_every_template_says_what_it_asks_and_takes(name: str) -> None:
    source = Path(TEMPLATE_FOLDER, f"{name}.j2").read_text(encoding="utf-8")
    assert source.startswith("{#\nAsks ")
    assert "Variables: " in source.split("#}")[0]


def test_a_missing_variable_is_an_error_and_never_a_gap() -> None:
    with pytest.raises(TemplateError, match=r"it needs .*count.*language_name"):
        load_template("answers/correct").render(question="Why?")


def test_the_hash_covers_form_and_schema(tmp_path: Path) -> None:
    (tmp_path / "_form.j2").write_text("A {% block b %}{% endblock %}")
    (tmp_path / "_form.schema.json").write_text('{"type": "object"}')
    (tmp_path / "x.j2").write_text('{% extends "_form.j2" %}{% block b %}{{ v }}{% endblock %}')

    def loaded() -> Any:
        load_template.cache_clear()
        return load_template("x", tmp_path)

    first = loaded()
    assert first.schema == {"type": "object"} and first.variables == {"v"} and first.render(v=1) == "A 1"
    (tmp_path / "_form.j2").write_text("B {% block b %}{% endblock %}")
    second = loaded()
    (tmp_path / "_form.schema.json").write_text('{"type": "array"}')
    third = loaded()
    assert len({first.sha256, second.sha256, third.sha256}) == 3
    assert template_names(tmp_path) == ["x"]


def test_a_template_that_does_not_parse_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.j2").write_text("fine\n{% if %}")
    with pytest.raises(TemplateError, match=r"bad\.j2, line 2"):
        load_template("bad", tmp_path)
