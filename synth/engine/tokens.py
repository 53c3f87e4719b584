"""Estimates of token counts, made without any tokenizer file.

Real tokenizers differ from model to model and are downloads; a budget needs an estimate before the request and takes
the server's own count after it. The rates below are tokens per character, rounded up, of common tokenizers on prose.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_LATIN, _CYRILLIC_GREEK, _ARABIC_HEBREW, _HAN_KANA_HANGUL, _OTHER = 0.28, 0.4, 0.5, 1.0, 0.75


@lru_cache(maxsize=65536)
def _rate(char: str) -> float:
    name = unicodedata.name(char, "")
    if name.startswith(("LATIN", "SPACE", "DIGIT")):
        return _LATIN if char.isascii() else 2 * _LATIN
    if name.startswith(("CYRILLIC", "GREEK")):
        return _CYRILLIC_GREEK
    if name.startswith(("ARABIC", "HEBREW")):
        return _ARABIC_HEBREW
    if name.startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL")):
        return _HAN_KANA_HANGUL
    return _OTHER


def estimated_tokens(text: str) -> int:
    """About how many tokens the text is, never below 1."""
    if text.isascii():
        return max(1, round(len(text) * _LATIN))
    return max(1, round(sum(map(_rate, text))))
