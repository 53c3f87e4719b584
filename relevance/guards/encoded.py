"""Encodings and markup in place of an answer."""

from __future__ import annotations

import itertools

import regex

from relevance.guards.base import Guard, GuardInput

_LONG_TOKEN = regex.compile(r"[A-Za-z0-9+/=_-]{20,}")
_HEX = regex.compile(r"(?:(?:0x|\\x|%)?[0-9a-fA-F]{2}[\s:,]?){8,}")
_ESCAPES = regex.compile(r"%[0-9A-F]{2}|\\\\u[0-9a-fA-F]{4}|\\\\x[0-9a-fA-F]{2}|&#x?[0-9a-fA-F]{2,6};")
_MARKUP = regex.compile(r"<[^<>]{1,200}>|https?://\S+|www\.\S+|\\[a-z]+\b|&[a-z]+;|[{}\[\]$#_^~`|]")


def _is_encoded(answer: GuardInput) -> bool:
    if len(_ESCAPES.findall(answer.text)) >= 3:
        return True
    encoded = [token for token in answer.text.split() if _LONG_TOKEN.fullmatch(token) and _looks_random(token)]
    if encoded and sum(map(len, encoded)) > 0.6 * len(answer.text):
        return True
    match = _HEX.fullmatch(answer.text)
    return match is not None and any(char.isalpha() for char in answer.text)


def _looks_random(token: str) -> bool:
    kinds = [any(map(test, token)) for test in (str.isupper, str.islower, str.isdigit)]
    changes = sum(a.isupper() != b.isupper() or a.isdigit() != b.isdigit() for a, b in itertools.pairwise(token))
    return sum(kinds) >= 2 and changes > len(token) / 4


def _is_markup_only(answer: GuardInput) -> bool:
    rest = _MARKUP.sub(" ", answer.text)
    return rest != answer.text and not any(char.isalnum() for char in rest)


ENCODED = Guard("encoded", "base64, hexadecimal or other encoded text", _is_encoded)
MARKUP_ONLY = Guard("markup-only", "tags or links and no text of the student's own", _is_markup_only)
