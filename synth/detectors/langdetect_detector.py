"""langdetect: a port of Google's language-detection, pure Python."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from synth.detectors.base import LanguageDetector
from synth.detectors.profiles import SparseProfiles

SEED = 0


class LangdetectDetector:
    """langdetect draws lots; every text gets the same seed, so a text's result depends on the text alone."""

    name: ClassVar[str] = "langdetect"
    margin: ClassVar[float] = 20.0
    first: LanguageDetector | None = None
    second: LanguageDetector | None = None

    @cached_property
    def _factory(self) -> Any:
        from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

        factory, profiles = DetectorFactory(), SparseProfiles(Path(PROFILES_DIRECTORY))
        factory.langlist, factory.word_lang_prob_map = profiles.languages, profiles
        return factory

    def probabilities(self, text: str) -> Mapping[str, float]:
        """See `LanguageDetector`."""
        from langdetect import LangDetectException

        detector = self._factory.create()
        detector.seed = SEED
        detector.append(text)
        try:
            found = detector.get_probabilities()
        except LangDetectException:
            return {}
        return {"zh" if item.lang.startswith("zh") else item.lang: item.prob for item in found}

    def knows(self, language: str) -> bool:
        """See `LanguageDetector`."""
        return language == "zh" or language in self._factory.get_lang_list()

    def unload(self) -> bool:
        """See `LanguageDetector`."""
        return self.__dict__.pop("_factory", None) is not None
