"""A must_reject attack really deserves 0: what the guards leave out."""

import random

from synth.attacks import AttackContext, make_attacks
from synth.attacks.material import Material
from synth.attacks.ngrams import NGramModel
from synth.attacks.scripts import normal
from synth.graded import GradedAnswer, GradedQuestion


def question(text, answers, **more):
    graded = tuple(GradedAnswer(answer, grade) for answer, grade in answers)
    return GradedQuestion(id=f"q {text}", text=text, language="en", max_grade=2.0, answers=graded, **more)


CHOICE = question(
    "Does a stack or a queue remove the element that was added last?",
    [("a stack", 2.0), ("the stack removes it", 2.0), ("a queue", 0.0)],
)
TERMS = question("Name the three states of water.", [("solid, liquid, gas", 2.0), ("ice, liquid water, steam", 2.0)])
PROSE = question(
    "Why does ice float on water?",
    [
        ("Because frozen water takes up more room than the liquid, so it is less dense and floats on top of it.", 2.0),
        ("It is lighter than the same amount of liquid water because it expands when it freezes in winter.", 2.0),
        ("The ice is full of air that was in the lake before it froze.", 0.0),
    ],
)


def test_a_span_that_could_be_the_answer_is_left_out():
    spans = [attack.text for attack in make_attacks("question-span", AttackContext(CHOICE), 200, 0)]
    assert spans
    assert not any(" a stack " in f" {normal(span)} " for span in spans)


def test_heaps_of_terms_are_no_attack_where_terms_are_the_answer():
    for name in ("content-burst", "keyword-stuffing", "keyword-repeated", "word-ngrams-own-topic"):
        assert make_attacks(name, AttackContext(TERMS), 20, 0) == []
        assert make_attacks(name, AttackContext(PROSE), 20, 0), name


def test_graded_answers_come_back_from_no_family_in_any_case_or_punctuation():
    refusing = question("What is a leaf?", [("i don't know!!", 0.0), ("No idea", 0.0), ("A part of a plant.", 2.0)])
    normals = {normal(attack.text) for attack in make_attacks("refusal", AttackContext(refusing), 500, 0)}
    assert normals and normals.isdisjoint({normal("I don't know"), normal("no idea")})


def test_a_mark_that_earned_a_grade_is_no_attack_but_a_mark_graded_0_is():
    marks = question("Which sign means greater than?", [(">", 2.0), ("?", 0.0), ("", 0.0)])
    texts = [attack.text for attack in make_attacks("punctuation", AttackContext(marks), 300, 0)]
    assert ">" not in texts and "?" in texts
    assert "" in [attack.text for attack in make_attacks("blank", AttackContext(marks), 100, 0)]


def test_the_same_question_asked_twice_lends_no_answers():
    twin = question("Why does ice float on water, please?", [("It expands and gets less dense than water.", 2.0)])
    overlap = question("What happens to water in winter?", [(PROSE.answers[1].text + " Really.", 2.0)])
    honest = question("How do birds fly south?", [("They follow the coast and rest at night.", 2.0)])
    context = AttackContext(PROSE, course=(twin, overlap, honest))
    texts = [attack.text.lower() for attack in make_attacks("same-course-answer", context, 50, 0)]
    assert texts and all("coast" in text for text in texts)


def test_texts_that_touch_the_topic_are_not_off_topic():
    weather = question("What brings rain in the west?", [("Wet wind from the sea brings rain in the west.", 2.0)])
    texts = [attack.text for attack in make_attacks("off-topic-fluent", AttackContext(weather), 300, 0)]
    assert texts and not any("Tomorrow will be mostly cloudy" in text for text in texts)


def test_code_is_no_noise_where_the_question_is_about_code():
    about_code = question("What does the for loop in this code do?", [("It counts to ten and prints each.", 2.0)])
    assert make_attacks("markup", AttackContext(about_code), 10, 0) == []


def test_random_words_are_not_the_questions_own():
    asked = question(
        "Why is the bicycle in the garden?", [("Because the bicycle is new and the garden is green.", 2.0)]
    )
    for attack in make_attacks("random-words", AttackContext(asked), 100, 0):
        assert {"bicycle", "garden", "green"}.isdisjoint(attack.text.lower().split())


def test_own_topic_word_ngrams_are_no_copies():
    model = Material(PROSE).word_model
    for attack in make_attacks("word-ngrams-own-topic", AttackContext(PROSE), 60, 0):
        assert model.copied_share(attack.text.split(), 4) <= 0.5


def test_an_ngram_model_repeats_only_what_it_read():
    model = NGramModel([["a", "b", "c"], ["a", "b", "d"]])
    texts = {"".join(model.generate(random.Random(seed), 3, 3)) for seed in range(50)}
    assert texts == {"abc", "abd"}
    assert model.copied_share(["a", "b", "c", "a"], 2) == 2 / 3
    assert set(model.generate(random.Random(0), 1, 200)) == {"a", "b", "c", "d"}
    assert not NGramModel([[]])
