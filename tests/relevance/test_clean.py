"""What is hidden or repeated changes nothing; what the student wrote stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevance.clean import clean_text, without_quoted_question, without_repetition


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  the\u200b sun\u00a0 is\u202e hot\u202c ", "the sun is hot"),
        ("ＡＢＣ　１２３", "ABC 123"),
        ("the sun\U000e0041\U000e0042 is hot", "the sun is hot"),
        ("The еаrth is rоund", "The earth is round"),  # Cyrillic е, а, о
        ("α-Strahlung und μ", "α-Strahlung und μ"),
        ("a\u0301\u0301\u0301\u0301\u0301\u0301b", "á\u0301\u0301b"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # ZWNJ belongs to Persian spelling
    ],
)
def test_clean_text(written: str, read: str) -> None:
    assert clean_text(written, "Latin") == read


@given(st.text(max_size=200))
def test_cleaning_is_idempotent_and_visible(text: str) -> None:
    once = clean_text(text, "Latin")
    assert clean_text(once, "Latin") == once
    assert not any(unicodedata.category(char) in ("Cc", "Cs", "Co") for char in once)


def test_copies_are_cut_to_one() -> None:
    passage = "Plants need light for photosynthesis."
    assert without_repetition(" ".join([passage] * 7)) == passage
    assert without_repetition(f"{passage} {passage[:20]}") == f"{passage} {passage[:20]}"
    assert without_repetition("very very big") == "very very big"


def test_quoted_question_is_taken_out() -> None:
    question = "Why are there seasons on Earth?"
    assert without_quoted_question("Why are there seasons on earth? Because of the tilt.", question) == (
        "Because of the tilt."
    )
    assert without_quoted_question("well: WHY are there seasons on Earth", question) == "well:"
    assert without_quoted_question("There are seasons because Earth is tilted.", question).startswith("There")


def test_quoting_works_without_spaces_between_words() -> None:
    question = "地球上为什么会有四季变化？"
    assert without_quoted_question("地球上为什么会有四季变化？因为地轴倾斜。", question) == "因为地轴倾斜。"
