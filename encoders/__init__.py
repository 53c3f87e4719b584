"""Texts to vectors: the encoders, the engines that run them, and the store that remembers their vectors.

An encoder turns texts into an ``(n, d)`` float32 array of unit rows and has a name and a content hash; everything
after this room compares, trains on and grades those rows. ``get_encoder`` is the registry's door:

>>> from encoders import EmbeddingStore, StoredEncoder, get_encoder
>>> encoder = StoredEncoder(get_encoder("e5"), EmbeddingStore("vectors"))  # doctest: +SKIP
>>> encoder.encode(["Plants make sugar from light."], role="answer").shape  # doctest: +SKIP
(1, 384)

Importing this package is cheap: torch, transformers and ONNX Runtime are imported by the encoder that needs them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from encoders.base import Encoder, EncoderUnavailable, Progress, Role
    from encoders.opening import open_encoder
    from encoders.registry import available_encoders, get_encoder
    from encoders.store import EmbeddingStore, StoredEncoder

__all__ = [
    "EmbeddingStore",
    "Encoder",
    "EncoderUnavailable",
    "Progress",
    "Role",
    "StoredEncoder",
    "available_encoders",
    "get_encoder",
    "open_encoder",
]

_MODULES = {
    "EmbeddingStore": "encoders.store",
    "Encoder": "encoders.base",
    "EncoderUnavailable": "encoders.base",
    "Progress": "encoders.base",
    "Role": "encoders.base",
    "StoredEncoder": "encoders.store",
    "available_encoders": "encoders.registry",
    "get_encoder": "encoders.registry",
    "open_encoder": "encoders.opening",
}


def __getattr__(name: str) -> Any:
    # Names are imported when they are first used, so that the command line starts without numpy and pydantic.
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
