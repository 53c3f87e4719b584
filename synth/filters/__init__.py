"""filters look at made answers and drop what does not belong, each for one named reason.

A filter sees all answers of one question at once, in their order, and says which to drop and why.
"""

from synth.filters.base import Candidate, Drop, Filter, FilterContext
from synth.filters.pipeline import FilterPipeline
from synth.filters.registry import FILTERS, FilterSettingsError, build_filters

__all__ = [
    "FILTERS",
    "Candidate",
    "Drop",
    "Filter",
    "FilterContext",
    "FilterPipeline",
    "FilterSettingsError",
    "build_filters",
]
