"""An encoder as commands use it: by name, with a store of vectors on disk."""

from __future__ import annotations

import os

from encoders.base import Encoder
from encoders.cache import vectors_directory
from encoders.registry import get_encoder
from encoders.store import EmbeddingStore, StoredEncoder


def open_encoder(name: str, threads: int, store: str | os.PathLike[str] | None = None) -> Encoder:
    """The named encoder with a store; by default the one in the user's cache directory.

    Raises:
        EncoderUnavailable: the encoder cannot be had here.
    """
    folder = vectors_directory() if store is None else store
    return StoredEncoder(get_encoder(name, threads=threads), EmbeddingStore(folder))
