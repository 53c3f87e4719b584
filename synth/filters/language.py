"""Answers in another language than the one that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from synth.detectors import DEFAULT_DETECTOR, get_detector, is_wrong_language
from synth.filters.base import Candidate, FilterContext


class LanguageFilter:
    """Dropped when the detector finds another language at least `margin` times likelier than the expected one.

    `detector` is one of `synth.detectors.DETECTORS`; each has a margin of its own that fits it. The script filter looks
    before and is surer where scripts differ.
    """

    name: ClassVar[str] = "language"
    summary: ClassVar[str] = "written in another language than asked for"

    def __init__(self, detector: str = DEFAULT_DETECTOR, margin: float | None = None) -> None:
        self._detector = get_detector(detector)
        self._margin = margin

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        found = {}
        for place, candidate in enumerate(candidates):
            other = is_wrong_language(candidate.text, candidate.language, self._detector, self._margin)
            if other is not None:
                found[place] = f"looks like {other[0]} ({other[1]:.2f}), asked for {candidate.language}"
        return found
