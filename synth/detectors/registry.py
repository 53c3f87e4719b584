"""All detectors by name, and the one that is used unless another is named."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Mapping

from synth.detectors.base import DetectorUnavailableError, LanguageDetector
from synth.detectors.fasttext_detector import FasttextDetector
from synth.detectors.langdetect_detector import LangdetectDetector
from synth.detectors.lingua_detector import AccurateLinguaDetector, AgreedDetector, CascadeDetector, LinguaDetector

DETECTORS: Mapping[str, type[LanguageDetector]] = {
    kind.name: kind
    for kind in (
        CascadeDetector,
        AgreedDetector,
        LinguaDetector,
        AccurateLinguaDetector,
        LangdetectDetector,
        FasttextDetector,
    )
}
DEFAULT_DETECTOR = CascadeDetector.name


_made: dict[str, LanguageDetector] = {}


def get_detector(name: str = DEFAULT_DETECTOR) -> LanguageDetector:
    """The detector of a name; one for the whole process, since models take memory.

    Raises:
        DetectorUnavailableError: no detector has the name.
    """
    if name not in DETECTORS:
        raise DetectorUnavailableError(f"no language detector '{name}'; there are {', '.join(DETECTORS)}")
    if name not in _made:
        _made[name] = DETECTORS[name]()
    return _made[name]


def unload_detectors() -> None:
    """Give the memory of all detectors' models back to the system, for work that needs none of them."""
    unloaded = [detector.unload() for detector in _made.values()]
    if not any(unloaded):
        return
    gc.collect()
    # glibc keeps what was freed for itself until it is told; other systems have no such function.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
