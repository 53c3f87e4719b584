"""lingua: n-gram models of letters, in Rust, made for short texts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from synth.detectors.base import DetectorUnavailableError, LanguageDetector
from synth.detectors.fasttext_detector import FasttextDetector
from synth.detectors.langdetect_detector import LangdetectDetector
from synth.languages import named_languages

if TYPE_CHECKING:
    import lingua


class LinguaDetector:
    """lingua with n-grams up to 3 (about 75 MB); always the same languages, since they bear on each other's share."""

    name: ClassVar[str] = "lingua"
    margin: ClassVar[float] = 20.0
    first: LanguageDetector | None = None
    second: LanguageDetector | None = None
    _accurate: ClassVar[bool] = False

    @cached_property
    def _languages(self) -> dict[str, lingua.Language]:
        try:
            import lingua
        except ImportError:
            raise DetectorUnavailableError(
                "language detector lingua: `pip install lingua-language-detector`, or choose langdetect"
            ) from None
        there = {language.iso_code_639_1.name.lower(): language for language in lingua.Language.all()}
        wanted = {"nb" if tag == "no" else tag for tag in named_languages()}
        return {tag: there[tag] for tag in sorted(wanted & there.keys())}

    @cached_property
    def _detector(self) -> lingua.LanguageDetector:
        import lingua

        builder = lingua.LanguageDetectorBuilder.from_languages(*self._languages.values())
        if not self._accurate:
            builder = builder.with_low_accuracy_mode()
        return builder.build()

    def probabilities(self, text: str) -> Mapping[str, float]:
        """See `LanguageDetector`."""
        self.knows("en")
        found = {}
        for value in self._detector.compute_language_confidence_values(text):
            tag = value.language.iso_code_639_1.name.lower()
            found["no" if tag == "nb" else tag] = value.value
        # lingua gives every language the same share where it knows nothing.
        return found if found and max(found.values()) > min(found.values()) else {}

    def knows(self, language: str) -> bool:
        """See `LanguageDetector`."""
        return ("nb" if language == "no" else language) in self._languages

    def unload(self) -> bool:
        """See `LanguageDetector`."""
        unloaded = "_detector" in self.__dict__
        # lingua's models belong to the whole process, not to the detector that loaded them.
        if unloaded:
            self._detector.unload_language_models()  # type: ignore[no-untyped-call]
        others = [other.unload() for other in (self.first, self.second) if other is not None]
        return unloaded or any(others)


class AccurateLinguaDetector(LinguaDetector):
    """lingua with n-grams up to 5: a little better, about 700 MB and some seconds to load."""

    name: ClassVar[str] = "lingua-accurate"
    margin: ClassVar[float] = 3.0
    _accurate: ClassVar[bool] = True


class AgreedDetector(LinguaDetector):
    """lingua, and langdetect where lingua finds a wrong language: only what both find is wrong."""

    name: ClassVar[str] = "lingua+langdetect"

    def __init__(self) -> None:
        self.second = LangdetectDetector()


class CascadeDetector(AgreedDetector):
    """fasttext alone where it is sure of the expected language; lingua and langdetect together for the rest."""

    name: ClassVar[str] = "fasttext+lingua+langdetect"

    def __init__(self) -> None:
        super().__init__()
        self.first = FasttextDetector()
