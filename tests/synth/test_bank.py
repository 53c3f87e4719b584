"""The bank holds what its card says."""

from pathlib import Path

import pytest

from synth.bank import ADVERSARIAL_KINDS, BankError, bank_languages, load_bank
from synth.bank.card import bank_card, load_checks
from synth.errors import DataFileError

ROOT = Path(__file__).parents[2]
LANGUAGES = ("ar", "bn", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "pt", "ru", "sw", "tr", "zh")


def test_every_language_is_there() -> None:
    assert set(bank_languages()) >= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_counts(language: str) -> None:
    questions = load_bank([language]).questions
    assert len(questions) >= 20
    assert len({question.subject for question in questions}) >= 10
    assert len({question.parallel for question in questions} - {None}) == 6
    assert sum(len(question.answers) >= 36 for question in questions) >= 6
    assert len({question.max_grade for question in questions}) >= 4
    for question in questions:
        sizes = {field: len(getattr(question, field)) for field in ADVERSARIAL_KINDS}
        assert sizes == {"restatement": 3, "vacuous": 3, "absurd": 3, "expert_other": 3, "plea": 1}
        assert len(question.benign_hard) == 4
        assert len(question.answers) >= 8


def test_kinds_agree_with_grades() -> None:
    for question in load_bank().questions:
        for answer in question.answers:
            if answer.kind == "correct":
                assert answer.grade == question.max_grade, answer.text
            elif answer.kind == "incorrect":
                assert answer.grade <= question.max_grade / 5, answer.text
            else:
                assert 0 < answer.grade < question.max_grade, answer.text


def test_the_card_is_what_the_data_say() -> None:
    assert (ROOT / "data_cards" / "bank.md").read_text(encoding="utf-8") == bank_card(load_bank(), load_checks())


def test_bank_opens_as_dataset_and_data_frame() -> None:
    bank = load_bank(["ko"])
    rows = bank.examples()
    assert len(bank.to_dataset()) == len(bank.to_pandas()) == len(rows)
    assert len({row.id for row in rows}) == len(rows)
    assert bank.to_dataset()[0]["question"] == rows[0].question


def test_unknown_language_is_a_clear_error() -> None:
    with pytest.raises(BankError, match="has no xx"):
        load_bank(["xx"])


def test_a_broken_bank_names_every_row(tmp_path: Path) -> None:
    (tmp_path / "en.jsonl").write_text('{"id": "en-x"}\n{"id": "de-y", "question": ""}\n', encoding="utf-8")
    with pytest.raises(DataFileError) as raised:
        load_bank(folder=tmp_path)
    assert {problem.row for problem in raised.value.problems} == {1, 2}
