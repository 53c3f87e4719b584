"""Scripts, romanisation, and questions in odd Unicode."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synth.attacks import AttackContext, attack_families, make_attacks
from synth.attacks.languages import language_data
from synth.attacks.scripts import graphemes, is_unspaced, normal, script_of, split_sentences, split_tokens
from synth.attacks.transliteration import romanised
from synth.graded import GradedAnswer, GradedQuestion

TEXTS = st.text(min_size=1, max_size=60).filter(str.strip)
ODD = st.sampled_from(
    ["?", "\u200b", "{topic}", "{max} {stem}", "a", "ก็", "👩‍🏫👨‍🎓", "\u202e", "\ud800", "ß" * 70, "1", "．"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=TEXTS | ODD,
    answers=st.lists(st.tuples(TEXTS | ODD | st.just(""), st.sampled_from([0.0, 1.0, 2.0])), max_size=4),
    language=st.sampled_from(["en", "zh", "ar", "ko", "ka", "am", "pt-BR", "zh-Hant"]),
)
def test_any_question_can_be_attacked(text, answers, language):
    graded = tuple(GradedAnswer(answer, grade) for answer, grade in answers)
    question = GradedQuestion("odd", text, language, 2.0, graded)
    for family in attack_families().values():
        attacks = make_attacks(family, AttackContext(question), 3, 0)
        assert len({attack.text for attack in attacks}) == len(attacks)
        for attack in attacks:
            if family.tier == "must_reject":
                assert not normal(attack.text) or normal(attack.text) not in {normal(a.text) for a in graded}
            else:
                assert attack.clean in {answer.text for answer in graded} or family.tier == "semantic"


@given(st.text(max_size=80))
def test_tokens_and_graphemes_joined_are_the_text(text):
    assert "".join(piece for piece, _ in split_tokens(text)) == text
    assert "".join(graphemes(text)) == text


def test_words_of_scripts_without_spaces():
    chinese = language_data("zh").words("决定分拣策略的主要因素有哪几个？")
    assert chinese == ["决定", "分拣", "策略", "的", "主要", "因素", "有", "哪几个"]
    assert language_data("ja").words("葉緑素は光合成に使う")[0] == "葉緑素"
    assert is_unspaced("ใบไม้มีสีเขียว") and not is_unspaced("leaf 葉")


def test_sentences_end_with_the_marks_of_their_script():
    assert split_sentences("One. Two? 三。四！五") == ["One.", "Two?", "三。", "四！", "五"]
    assert split_sentences("पहला। दूसरा।") == ["पहला।", "दूसरा।"]


def test_marks_stay_with_their_letter():
    assert graphemes("किताब") == ["कि", "ता", "ब"]


@pytest.mark.parametrize(
    ("word", "code", "latin"),
    [
        ("Вода", "ru", "Voda"),
        ("щастие", "bg", "shtastie"),
        ("нога", "uk", "noha"),
        ("Ψυχή", "el", "Psychi"),
        ("पानी", "hi", "paanee"),
        ("পাতা", "bn", "pata"),
        ("한국", "ko", "hanguk"),
        ("größer", "de", "groesser"),
        ("Über", "de", "Ueber"),
        ("corazón", "es", "corazon"),
        ("ماء", "ar", "ma2"),
        ("שלום", "he", "shlvm"),
    ],
)
def test_words_in_plain_latin_letters(word, code, latin):
    assert romanised(word, code) == latin


def test_scripts_are_recognised():
    found = {script_of(text) for text in ("leaf", "лист", "φύλλο", "ورقة", "पत्ता", "পাতা", "葉っぱ", "잎", "ใบ", "12")}
    assert found == {"Latin", "Cyrillic", "Greek", "Arabic", "Devanagari", "Bengali", "Hiragana", "Hangul", "Thai"}
