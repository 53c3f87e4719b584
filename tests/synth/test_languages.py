"""A wrong language is caught, short answers included, and honest ones stay."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from synth.detectors import DETECTORS, DetectorUnavailableError, get_detector, is_checkable, is_wrong_language
from synth.detectors.lingua_detector import CascadeDetector
from synth.filters import Candidate, FilterContext, build_filters
from synth.languages import scripts_of, share_in_script

SENTENCES = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "data" / "school_answers.tsv").read_text(encoding="utf-8").splitlines()
]
LANGUAGES = sorted({language for language, _ in SENTENCES})


def caught(text: str, asked_for: str) -> bool:
    rules = build_filters({"language": True, "script": True})
    rules = [rule for rule in rules if rule.name in ("language", "script")]
    candidate = Candidate(text, "correct", asked_for)
    context = FilterContext("?", asked_for)
    return any(rule.drops([candidate], context) for rule in rules)


def test_wrong_languages_are_caught_in_every_language() -> None:
    assert len(LANGUAGES) >= 16
    share: dict[str, list[bool]] = defaultdict(list)
    for asked_for in LANGUAGES:
        for language, text in SENTENCES:
            if language != asked_for:
                share[asked_for].append(caught(text, asked_for))
    weakest = min(LANGUAGES, key=lambda language: sum(share[language]) / len(share[language]))
    assert sum(share[weakest]) / len(share[weakest]) >= 0.95, weakest
    everything = [hit for hits in share.values() for hit in hits]
    assert sum(everything) / len(everything) >= 0.99


def test_answers_of_two_to_four_words_are_caught_too() -> None:
    short = [(language, text) for language, text in SENTENCES if len(text) <= 30]
    hits = [caught(text, asked) for asked in LANGUAGES for language, text in short if language != asked]
    assert len(short) >= 60 and sum(hits) / len(hits) >= 0.97


def test_honest_answers_stay() -> None:
    assert [text for language, text in SENTENCES if caught(text, language)] == []


@pytest.mark.parametrize("text", ["H2O", "x = 4 cm", "CaCO3 + H2SO4", "42", "DNA", "a² + b² = c²"])
def test_formulas_are_in_every_language(text: str) -> None:
    assert not is_checkable(text) or all(not caught(text, language) for language in ("de", "hi", "zh"))


def test_where_the_first_detector_is_sure_no_other_is_asked() -> None:
    detector = CascadeDetector()
    assert is_wrong_language("The plant needs light and water because it makes sugar.", "en", detector) is None
    # No model of lingua was loaded for it; the first text of another language loads them.
    assert not detector.unload()
    assert is_wrong_language("Die Pflanze braucht Licht und Wasser, weil sie Zucker macht.", "en", detector) is not None
    assert detector.unload()


def test_the_verdict_does_not_depend_on_what_was_asked_before() -> None:
    detector = get_detector("langdetect")
    first = [dict(detector.probabilities(text)) for _, text in SENTENCES[:20]]
    again = [dict(detector.probabilities(text)) for _, text in reversed(SENTENCES[:20])]
    assert first == again[::-1]


def test_both_user_chosen_and_better_detector_can_be_selected() -> None:
    assert {"langdetect", "lingua"} <= DETECTORS.keys()
    for name in ("langdetect", "lingua"):
        assert is_wrong_language("Die Pflanze braucht zum Wachsen viel Licht.", "fr", get_detector(name)) is not None
    with pytest.raises(DetectorUnavailableError, match="there are"):
        get_detector("cld9")


def test_scripts_of_tags_with_a_script() -> None:
    assert scripts_of("sr-Latn") == {"Latin"} and scripts_of("sr") == {"Cyrillic", "Latin"}
    assert share_in_script("Привет", "en") == 0.0 and share_in_script("123", "en") == 1.0
