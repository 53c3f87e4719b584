"""All detectors by name, and the one that is used unless another is named."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from synth.detectors.base import DetectorUnavailableError, LanguageDetector
from synth.detectors.fasttext_detector import FasttextDetector
from synth.detectors.langdetect_detector import LangdetectDetector
from synth.detectors.lingua_detector import AccurateLinguaDetector, AgreedDetector, LinguaDetector

DETECTORS: Mapping[str, type[LanguageDetector]] = {
    kind.name: kind
    for kind in (AgreedDetector, LinguaDetector, AccurateLinguaDetector, LangdetectDetector, FasttextDetector)
}
DEFAULT_DETECTOR = AgreedDetector.name


@cache
def get_detector(name: str = DEFAULT_DETECTOR) -> LanguageDetector:
    """The detector of a name; one for the whole process, since models take memory.

    Raises:
        DetectorUnavailableError: no detector has the name.
    """
    if name not in DETECTORS:
        raise DetectorUnavailableError(f"no language detector '{name}'; there are {', '.join(DETECTORS)}")
    return DETECTORS[name]()
