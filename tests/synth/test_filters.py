"""Each filter drops what it is for and nothing else; replies of every shape are read."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.bank import load_bank
from synth.dedup import NearDuplicates, jaccard, shingles
from synth.dedup.minhash import near_duplicates
from synth.filters import FILTERS, Candidate, FilterContext, FilterPipeline, build_filters
from synth.judge import disagreement
from synth.replies import ReplyItem, parse_answers, parse_list, parse_objects, split_label

QUESTION = "Why do green plants need light to grow?"


def dropped(
    name: str, texts: list[str], kind: str = "correct", known: tuple[str, ...] = (), **settings: Any
) -> list[int]:
    rule = next(rule for rule in build_filters({name: settings or True}) if rule.name == name)
    candidates = [Candidate(text, kind, "en") for text in texts]
    return sorted(rule.drops(candidates, FilterContext(QUESTION, "en", known)))


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [
        ("length", ["…", "x" * 2001], ["CO2", "x" * 2000]),
        ("script", ["Они нужны для фотосинтеза"], ["They need it (фото)", "H2O"]),
        ("language", ["Sie brauchen das Licht für die Photosynthese."], ["They need it to make their own food."]),
        (
            "label_leakage",
            ["Incorrect answer: to sleep", "To sleep (incorrect)", "Falsche Antwort: schlafen"],
            ["False: they do not", "The correct amount of light"],
        ),
        (
            "assistant_talk",
            ["As an AI language model, I think so", "Here are 5 answers to it", "<|im_end|>"],
            ["Sorry, I cannot explain it", "Sure, light is energy"],
        ),
        (
            "question_copy",
            ["green plants need light to grow", "Green plants need light to grow!!"],
            ["Green plants need light to grow because it gives the energy for making sugar", "light"],
        ),
        ("exact_duplicate", [], ["a+b", "a-b", "x = 4", "x = 5"]),
    ],
)
def test_what_is_dropped_and_what_stays(name: str, bad: list[str], good: list[str]) -> None:
    assert dropped(name, bad + good) == list(range(len(bad)))


def test_duplicates_and_shown_examples() -> None:
    assert dropped("exact_duplicate", ["It makes sugar with it.", "it makes sugar with it"]) == [1]
    assert dropped("exact_duplicate", ["It makes sugar with it."], known=("It makes SUGAR with it",)) == [0]
    long = "Light gives the plant the energy that it needs to turn water and carbon dioxide into sugar"
    assert dropped("near_duplicate", [long, long + " ok", long + " 5", "Something else entirely"]) == [1]


def test_semantic_duplicates_are_found_and_off_by_default() -> None:
    texts = [
        "Plants use light to make sugar from water and carbon dioxide.",
        "Using light, plants make sugar out of carbon dioxide and water.",
        "Plants make their food from the soil.",
    ]
    assert dropped("semantic_duplicate", texts) == [1]
    assert "semantic_duplicate" not in [rule.name for rule in build_filters()]


def test_injections_may_hold_labels() -> None:
    assert dropped("label_leakage", ["Correct answer: full marks"], kind="injection-command") == []


def test_genuine_answers_of_the_bank_pass_all_filters() -> None:
    """What a person wrote as a good answer must not be turned away."""
    turned = total = 0
    for question in load_bank(["de", "en", "es", "fr"]).questions:
        pipeline = FilterPipeline(build_filters())
        candidates = [Candidate(answer.text, answer.kind, question.language) for answer in question.answers]
        verdicts = pipeline.run(candidates, FilterContext(question.question, question.language))
        turned += sum(verdict is not None for verdict in verdicts)
        total += len(candidates)
    assert total > 500 and turned / total < 0.01


def test_pipeline_counts_and_keeps_samples() -> None:
    pipeline = FilterPipeline(build_filters())
    candidates = [Candidate(text, "correct", "en") for text in ("…", "Light is energy.", "light is ENERGY", "…")]
    verdicts = pipeline.run(candidates, FilterContext(QUESTION, "en"))
    assert [verdict and verdict.filter for verdict in verdicts] == ["length", None, "exact_duplicate", "length"]
    assert pipeline.dropped == {"length": 2, "exact_duplicate": 1} and (pipeline.seen, pipeline.kept) == (4, 1)
    assert pipeline.samples["length"][0].reason == "no letter or digit"


def test_every_filter_says_what_it_is_for() -> None:
    assert all(name == kind.name and kind.summary for name, kind in FILTERS.items())


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ('{"answers": [{"text": "a", "grade": 1}]}', ["a"]),
        ('```json\n{"answers": [{"text": "a"}, {"text": "b"}]}\n```', ["a", "b"]),
        ('<think>{"answers": [{"text": "no"}]}</think>{"answers": [{"text": "a"}]}', ["a"]),
        ('{"answers": [{"text": "a", "grade": 1}, {"text": "b", "gr', ["a"]),
        ('{"answers": [{"text": "a"}, {"text": "b" "grade": 2}, {"text": "c"}]}', ["a", "b", "c"]),
        ("{'answers': [{'text': 'a'},]}", ["a"]),
        ('{"answers": [{"text": "he said "no" to it"}, {"text": "c"}]}', ['he said "no" to it', "c"]),
        ('["a", "b"]', ["a", "b"]),
        ('{"results": [{"answer": "a"}]}', ["a"]),
        ('{"answers": [{"text": 5}, {"text": "a"}, null, {"text": ""}]}', ["a"]),
        ("Relevant Answers:\n1. a\n2. b\n", ["a", "b"]),
    ],
)
def test_near_json_is_read(text: str, texts: list[str]) -> None:
    assert [item.text for item in parse_answers(text, "json", "vacuous", 3.0).items] == texts


@pytest.mark.parametrize(
    ("text", "state"), [("I'm sorry, but I can't help with that.", "refused"), ("hm", "broken"), ("", "broken")]
)
def test_what_holds_no_answer(text: str, state: str) -> None:
    assert parse_answers(text, "json", "correct", 3.0).state == state


@given(st.text(max_size=300))
def test_no_reply_whatever_breaks_the_parsers(text: str) -> None:
    for form in ("json", "list"):
        parsed = parse_answers(text, form, "correct", 2.0)  # type: ignore[arg-type]
        assert all(item.text.strip() for item in parsed.items)
    parse_objects(text, "answers")
    parse_list(text)


@pytest.mark.parametrize(
    ("text", "label", "rest"),
    [
        ("Incorrect answer: x", "incorrect", "x"),
        ("**Correct Answer 3:** x", "correct", "x"),
        ("2) Partially correct answer: x", "incomplete", "x"),
        ("Respuesta incorrecta: x", "incorrect", "x"),
        ("错误答案：x", "incorrect", "x"),
        ("सही उत्तर: x", "correct", "x"),
        ("Answer: x", "", "x"),
        ("Photosynthesis: x", None, "Photosynthesis: x"),
    ],
)
def test_labels_are_split_off(text: str, label: str | None, rest: str) -> None:
    assert split_label(text) == (label, rest)


def test_grades_follow_the_kind() -> None:
    reply = '{"answers": [{"text": "a", "grade": 1}, {"text": "b", "grade": 9}]}'
    grades = {
        kind: [item.grade for item in parse_answers(reply, "json", kind, 2.0).items]
        for kind in ("correct", "incomplete", "incorrect", "vacuous")
    }
    assert grades == {"correct": [2, 2], "incomplete": [1, None], "incorrect": [0, 0], "vacuous": [None, None]}


@pytest.mark.parametrize(
    ("kind", "label", "strict", "stays"),
    [
        ("correct", "correct", True, True),
        ("correct", "incomplete", False, True),
        ("correct", "incomplete", True, False),
        ("correct", "irrelevant", False, False),
        ("vacuous", "irrelevant", False, True),
        ("vacuous", "incorrect", False, False),
        ("vacuous", None, False, True),
    ],
)
def test_the_judge_drops_disagreements(kind: str, label: str | None, strict: bool, stays: bool) -> None:
    assert (disagreement(ReplyItem("a", kind), label, strict) is None) == stays


def test_minhash_finds_what_comparing_all_pairs_finds() -> None:
    dice = random.Random(3)
    words = [f"word{n}" for n in range(300)]
    texts = [" ".join(dice.choice(words) for _ in range(12)) for _ in range(300)]
    texts += [text.replace("word1", "wörd1", 1) + "!" for text in texts[:100]] + [texts[0] + " 7"]
    exact = NearDuplicates()
    expected = [exact.find_or_add(text, "x") is not None for text in texts]
    result = near_duplicates(texts)
    found = [twin >= 0 for twin in result.twin]
    assert all(expected[place] for place in range(len(texts)) if found[place])
    assert sum(found) >= 0.9 * sum(expected) > 0
    for place, twin in enumerate(result.twin.tolist()):
        assert twin < 0 or jaccard(shingles(texts[place]), shingles(texts[twin])) >= 0.8
    scoped = near_duplicates(texts, scopes=map(str, range(len(texts))))
    assert scoped.repeats == 0
    assert near_duplicates([]).repeats == 0
