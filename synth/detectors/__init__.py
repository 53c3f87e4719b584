"""detectors tell which language a short answer is in. What each is worth is measured in docs/synth.md."""

from synth.detectors.base import DetectorUnavailableError, LanguageDetector, is_checkable, is_wrong_language
from synth.detectors.registry import DEFAULT_DETECTOR, DETECTORS, get_detector, unload_detectors

__all__ = [
    "DEFAULT_DETECTOR",
    "DETECTORS",
    "DetectorUnavailableError",
    "LanguageDetector",
    "get_detector",
    "is_checkable",
    "is_wrong_language",
    "unload_detectors",
]
