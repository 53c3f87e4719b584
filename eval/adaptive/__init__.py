"""Adaptive attacks: searches for nonsense that the live target grades above 0, within a budget of queries.

The target is a black box that says a grade and, if it likes, a relevance. Everything tried is nonsense by construction
(`eval.adaptive.bags` says how). A new method is one new module with a `METHOD`, listed in `running`.
"""

from eval.adaptive.base import AdaptiveError, AdaptiveSettings, Find, MethodResult, Transfer, WriterSettings
from eval.adaptive.running import METHODS, adaptive_settings, run_adaptive
from eval.adaptive.saving import save_finds
from eval.adaptive.telling import adaptive_lines

__all__ = [
    "METHODS",
    "AdaptiveError",
    "AdaptiveSettings",
    "Find",
    "MethodResult",
    "Transfer",
    "WriterSettings",
    "adaptive_lines",
    "adaptive_settings",
    "run_adaptive",
    "save_finds",
]
