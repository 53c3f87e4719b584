"""The registry and the promises of `make_attacks`."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from synth.attacks import (
    AttackContext,
    UnknownFamilyError,
    attack_families,
    get_family,
    language_codes,
    make_attacks,
    sample_context,
    sample_questions,
)

DIGEST = """
import hashlib
from synth.attacks import attack_families, language_codes, make_attacks, sample_context
digest = hashlib.sha256()
for code in language_codes():
    context = sample_context(code)
    for name in attack_families():
        for attack in make_attacks(name, context, 12, 7):
            digest.update(repr((code, name, attack)).encode("utf-8", "surrogatepass"))
print(digest.hexdigest())
"""


def test_every_process_makes_the_same_attacks():
    digests = set()
    for hash_seed in ("1", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        finished = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stderr
        digests.add(finished.stdout)
    assert len(digests) == 1


def test_importing_the_attacks_loads_no_heavy_library():
    code = (
        "import sys, synth.attacks; print(sorted({'torch', 'numpy', 'pandas', 'ray', 'datasets'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    finished = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert finished.stdout.strip() == "[]", finished.stderr


def test_an_unknown_family_is_named_with_close_matches():
    with pytest.raises(UnknownFamilyError, match="did you mean random-words") as raised:
        get_family("random_word")
    assert raised.value.exit_code == 2
    with pytest.raises(UnknownFamilyError, match="choose from blank, punctuation"):
        make_attacks("zzzzzzzzzz", sample_context("en"), 1, 0)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="negative"):
        make_attacks("blank", sample_context("en"), -1, 0)


def test_no_attack_comes_twice_and_never_more_than_asked_for():
    context = sample_context("en")
    for name in attack_families():
        texts = [attack.text for attack in make_attacks(name, context, 50, 3)]
        assert len(texts) == len(set(texts)) <= 50, name


def test_a_smaller_set_is_the_beginning_of_a_larger_one():
    context = sample_context("de")
    for name in attack_families():
        assert make_attacks(name, context, 20, 5)[:5] == make_attacks(name, context, 5, 5), name


def test_other_seeds_and_other_questions_give_other_attacks():
    context = sample_context("en")
    texts = {seed: [attack.text for attack in make_attacks("random-words", context, 10, seed)] for seed in (0, 1)}
    assert set(texts[0]).isdisjoint(texts[1])
    other = replace(context, question=sample_questions("en")[1])
    assert set(texts[0]).isdisjoint(attack.text for attack in make_attacks("random-words", other, 10, 0))


def test_the_order_in_which_questions_are_attacked_does_not_matter():
    def digest(codes):
        made = {code: make_attacks("character-ngrams", sample_context(code), 10, 0) for code in codes}
        return hashlib.sha256(repr(sorted(made.items())).encode()).hexdigest()

    assert digest(language_codes()) == digest(reversed(language_codes()))


def test_a_changed_question_of_the_same_id_is_worked_out_anew():
    context = sample_context("en")
    before = make_attacks("word-shuffle", context, 5, 0)
    question = context.question
    changed = replace(question, answers=(replace(question.answers[0], text="Other words stand here now."),))
    attacks = make_attacks("word-shuffle", AttackContext(replace(changed, references=())), 5, 0)
    words = sorted(["Other", "words", "stand", "here", "now"])
    assert before and all(sorted(attack.text.split()) == words for attack in attacks)


def test_written_texts_are_mixed_with_generated_ones():
    written = ("Many things matter for leaves.", "Leaves are a wide field.")
    context = replace(sample_context("en"), written={"vacuous": written})
    texts = [attack.text for attack in make_attacks("vacuous", context, 10, 0)]
    assert set(written) < set(texts) and len(texts) == 10
    assert make_attacks("absurd-on-topic", context, 5, 0) == make_attacks("absurd-on-topic", sample_context("en"), 5, 0)


def test_names_are_lower_case_with_hyphens_and_metadata_is_complete():
    for name, family in attack_families().items():
        assert name == family.name == name.lower() and " " not in name and "_" not in name
        assert family.summary.endswith(".") and family.source
