"""What the bank has written for a question reaches the families that it belongs to."""

from dataclasses import replace

import pytest

from synth.attacking import AttackSources, attack_context, bank_sources
from synth.attacks import make_attacks
from synth.bank import load_bank
from synth.bank.load import ADVERSARIAL_KINDS, BankQuestion
from synth.graded import GradedQuestion


@pytest.fixture(scope="module")
def sources() -> AttackSources:
    return bank_sources(load_bank(["de", "en", "sw"]))


@pytest.fixture(scope="module")
def parallel() -> BankQuestion:
    return next(question for question in load_bank(["en"]).questions if question.parallel == "photosynthesis")


def test_the_same_question_in_other_languages_is_a_translation(sources: AttackSources, parallel: BankQuestion) -> None:
    context = attack_context(parallel.graded_question(), [], sources)
    assert [question.language for question in context.translations] == ["de", "sw"]
    texts = {attack.text for attack in make_attacks("wrong-language-right-answer", context, 4, 0)}
    known = {answer.text for question in context.translations for answer in question.answers}
    known |= {text for question in context.translations for text in question.references}
    assert texts and texts <= known


def test_a_language_that_is_accepted_is_no_attack(sources: AttackSources, parallel: BankQuestion) -> None:
    question = replace(parallel.graded_question(), accepted_languages=("de", "sw"))
    assert make_attacks("wrong-language-right-answer", attack_context(question, [], sources), 4, 0) == []


def test_written_texts_come_with_generated_ones(sources: AttackSources, parallel: BankQuestion) -> None:
    context = attack_context(parallel.graded_question(), [], sources)
    for field, family in ADVERSARIAL_KINDS.items():
        written = set(getattr(parallel, field))
        texts = [attack.text for attack in make_attacks(family, context, 2, 0)]
        assert texts[0] in written, family
        assert family == "same-course-answer" or texts[1] not in written, family


def test_a_question_of_another_file_is_known_by_its_text(sources: AttackSources, parallel: BankQuestion) -> None:
    own = GradedQuestion("another id", f" {parallel.question}\n", "en", 3.0, ())
    assert attack_context(own, [], sources).written["vacuous"] == parallel.vacuous
    stranger = GradedQuestion("x", "Why?", "en", 3.0, ())
    assert not attack_context(stranger, [], sources).written and not attack_context(stranger, [], sources).translations


def test_training_rows_do_not_take_the_written_texts_twice(parallel: BankQuestion) -> None:
    assert not attack_context(parallel.graded_question(), []).written
