"""Texts to vectors: the encoders, the engines that run them, and the store that remembers their vectors.

An encoder turns texts into an ``(n, d)`` float32 array of unit rows and has a name and a content hash; everything
after this room compares, trains on and grades those rows. ``get_encoder`` is the registry's door:

>>> from encoders import EmbeddingStore, StoredEncoder, get_encoder
>>> encoder = StoredEncoder(get_encoder("e5"), EmbeddingStore("vectors"))  # doctest: +SKIP
>>> encoder.encode(["Plants make sugar from light."], role="answer").shape  # doctest: +SKIP
(1, 384)

Importing this package is cheap: torch, transformers and ONNX Runtime are imported by the encoder that needs them.
"""

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
