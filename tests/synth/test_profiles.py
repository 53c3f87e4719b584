"""langdetect's profiles without zeros hold the numbers that langdetect itself would use."""

from __future__ import annotations

from pathlib import Path

from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

from synth.detectors import get_detector, is_wrong_language, unload_detectors
from synth.detectors.profiles import SparseProfiles


def test_every_ngram_has_the_probabilities_that_langdetect_gives_it() -> None:
    own = SparseProfiles(Path(PROFILES_DIRECTORY))
    factory = DetectorFactory()
    factory.load_json_profile([path.read_text("utf-8") for path in sorted(Path(PROFILES_DIRECTORY).iterdir())])
    assert own.languages == factory.langlist
    assert all(own[ngram] == row for ngram, row in factory.word_lang_prob_map.items())
    assert "\U0001f600" not in own and "q\u0416z" not in own


def test_an_unloaded_detector_gives_the_same_verdict_again() -> None:
    detector = get_detector()
    before = is_wrong_language("Die Blätter brauchen Licht.", "en", detector)
    unload_detectors()
    assert before is not None and before[0] == "de"
    after = is_wrong_language("Die Blätter brauchen Licht.", "en", detector)
    assert after is not None and after[0] == "de"
