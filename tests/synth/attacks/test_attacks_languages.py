"""The language files: complete, in their script, with slots the families fill."""

import pytest
import regex

from synth.attacks import AttackContext, attack_families, language_codes, make_attacks, sample_questions
from synth.attacks.languages import LINES, PAIRS, language_data, language_for
from synth.attacks.scripts import in_scripts
from synth.graded import GradedAnswer, GradedQuestion

LEAST = {
    "function_words": 60, "content_words": 100, "refusals": 12, "topic_refusals": 4, "fillers": 10, "universal": 12,
    "off_topic": 12, "command": 8, "fake": 4, "role": 8, "authority": 8, "plea": 8, "praise": 8, "rubric": 6,
    "vacuous": 8, "absurd": 8, "restated": 5, "statement": 4, "master_keys": 6, "grade_texts": 3, "hedges": 3,
    "or_words": 2, "adjectives": 5, "adverbs": 6, "negations": 8, "opposites": 8, "directions": 5, "typos": 12,
}  # fmt: skip
SLOTS = {
    "topic_refusals": {"topic"}, "absurd": {"topic"}, "vacuous": {"topic"}, "restated": {"stem"},
    "statement": {"stem", "topic"}, "hedges": {"list"}, "grade_texts": {"grade", "max"}, "rubric": {"topic", "max"},
    "command": {"max"}, "fake": {"max"}, "role": {"max"}, "authority": {"max"}, "plea": {"max"}, "praise": {"max"},
}  # fmt: skip
EVERY_LINE_HAS = {
    "topic_refusals": "topic",
    "absurd": "topic",
    "vacuous": "topic",
    "restated": "stem",
    "hedges": "list",
}
SLOT = regex.compile(r"\{([a-z]+)\}")
REQUIRED = {"ar", "bn", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "pt", "ru", "sw", "tr", "zh"}


def test_the_promised_languages_are_there():
    assert set(language_codes()) >= REQUIRED


@pytest.mark.parametrize("code", language_codes())
def test_a_language_file_is_complete(code):
    language = language_data(code)
    for field, least in LEAST.items():
        assert len(getattr(language, field)) >= least, f"{code}.yaml, {field}: fewer than {least}"
    assert code == "en" or len(language.glosses) >= 12
    assert len(language.alphabet) >= 20 and len(set(language.alphabet)) == len(language.alphabet)
    assert len(language.keyboard) >= 3


@pytest.mark.parametrize("code", language_codes())
def test_slots_are_those_the_families_fill(code):
    language = language_data(code)
    for field in LINES:
        for line in getattr(language, field):
            assert set(SLOT.findall(line)) <= SLOTS.get(field, set()), f"{code}.yaml, {field}: {line}"
            if field in EVERY_LINE_HAS:
                assert EVERY_LINE_HAS[field] in SLOT.findall(line), f"{code}.yaml, {field}: {line}"


@pytest.mark.parametrize("code", language_codes())
def test_every_text_of_a_file_is_in_its_script(code):
    language = language_data(code)
    for field in LINES:
        for line in getattr(language, field):
            assert in_scripts(SLOT.sub("", line), language.scripts) >= 0.9 or len(line) < 8, f"{field}: {line}"
    for field in ("function_words", "content_words"):
        for word in getattr(language, field):
            assert in_scripts(word, language.scripts) == 1.0, f"{code}.yaml, {field}: {word}"
    for field in PAIRS - {"glosses"}:
        for left, right in getattr(language, field):
            assert in_scripts(left + right, language.scripts) == 1.0, f"{code}.yaml, {field}: {left} = {right}"
            assert left != right, f"{code}.yaml, {field}: {left} = {right}"
    for question in sample_questions(code):
        assert in_scripts(question.text, language.scripts) == 1.0


@pytest.mark.parametrize("code", language_codes())
def test_sample_questions_offer_every_grade_of_interest(code):
    question, course, elsewhere = sample_questions(code)
    grades = sorted(answer.grade for answer in question.answers)
    assert grades == [0, 0, 1, 2, 4, 4]
    assert question.group == course.group != elsewhere.group


def test_a_language_without_a_file_takes_its_letters_from_the_question():
    question = GradedQuestion(
        id="ka",
        text="რატომ არის ფოთლები მწვანე და რისთვის იყენებს მას მცენარე?",
        language="ka",
        max_grade=2.0,
        answers=(GradedAnswer("ფოთლებში არის ქლოროფილი, რომელიც მწვანე სინათლეს ირეკლავს.", 2.0),),
    )
    language = language_for(question)
    assert language.scripts == ("Georgian",) and language.spaced
    for attack in make_attacks("random-characters", AttackContext(question), 20, 0):
        assert in_scripts(attack.text, ["Georgian"]) == 1.0
    for name, family in attack_families().items():
        needs_more = {
            "same-course-answer",
            "other-subject-answer",
            "other-question-copy",
            "wrong-language-right-answer",
        }
        needs_words = {"random-words", "shell-babble", "code-mix", "negation", "numbers-swapped", "homoglyphs"}
        needs_answers = {"near-zero", "hedge-list", "sentence-splice", "word-ngrams-own-topic", "content-burst"}
        needs_weak = {"injection-appended", "adjectives-adverbs", "duplication", "padding"}
        needs_terms = {"keyword-stuffing", "keyword-repeated"}
        made = make_attacks(name, AttackContext(question), 3, 0)
        can_do_without = needs_more | needs_words | needs_answers | needs_weak | needs_terms | {"transliteration"}
        assert made or name in can_do_without, name
        assert family.supports("ka") or name == "transliteration"
