"""langdetect: a port of Google's language-detection, pure Python."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from synth.detectors.base import LanguageDetector

SEED = 0


class LangdetectDetector:
    """langdetect draws lots; every text gets the same seed, so a text's result depends on the text alone."""

    name: ClassVar[str] = "langdetect"
    margin: ClassVar[float] = 20.0

    @cached_property
    def _factory(self) -> Any:
        from langdetect import detector_factory

        detector_factory.init_factory()
        return detector_factory._factory

    @property
    def second(self) -> LanguageDetector | None:
        """See `LanguageDetector`."""
        return None

    def probabilities(self, text: str) -> Mapping[str, float]:
        """See `LanguageDetector`."""
        from langdetect import LangDetectException

        # The module's own functions share one generator across calls; the result would depend on what came before.
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
