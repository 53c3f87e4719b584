"""The embedding store: vectors that were computed once, on disk, for every process that needs them again.

A store is a folder with one folder for each encoder (named by its content hash) of two files that only grow:
``vectors.bin``, the rows, and ``keys.bin``, 16 bytes a row: the BLAKE2b digest of the row's role and text. A row
counts once its key is whole; rows are on the disk before their keys are written, so a process killed at any moment,
or a machine that loses power, leaves at most a tail that the next writer cuts off. Readers need no lock; writers
take one for as long as one call of ``put``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder, Progress, Role, Vectors
from encoders.key_index import KEY_BYTES, KeyIndex

_FORMAT = 1
_TEXTS_PER_COMMIT = 1024

Precision = Literal["float32", "float16"]


class EmbeddingStore:
    """Vectors by encoder, role and text.

    Args:
        directory: the store's folder, made when the first vector is put.
        precision: of the rows of encoders new to the store. ``"float32"`` gives back the very vectors that were put;
            ``"float16"`` halves the disk space and moves a component of a unit vector by at most 2.5e-4.
    """

    def __init__(self, directory: str | os.PathLike[str], precision: Precision = "float32") -> None:
        self.directory = Path(directory)
        self.precision: Precision = precision
        self._shelves: dict[str, _Shelf] = {}

    def get(self, encoder: Encoder, role: Role, texts: Sequence[str]) -> tuple[Vectors, NDArray[np.bool_]]:
        """The vectors there are.

        Returns:
            ``(vectors, found)``: float32 ``(n, d)``, whose row is zero where the store has none, and bool ``(n,)``.
        """
        return self._shelf(encoder).get(_keys(role, texts))

    def put(self, encoder: Encoder, role: Role, texts: Sequence[str], vectors: Vectors) -> int:
        """Add the vectors of texts that the store does not have; when this returns they are on the disk.

        Returns:
            how many rows were added.

        Raises:
            ValueError: ``vectors`` is not ``(len(texts), encoder.dimension)``.
        """
        if vectors.shape != (len(texts), encoder.dimension):
            raise ValueError(f"vectors must be {(len(texts), encoder.dimension)}, not {vectors.shape}")
        return self._shelf(encoder).put(_keys(role, texts), vectors)

    def count(self, encoder: Encoder) -> int:
        """How many vectors of an encoder there are."""
        return self._shelf(encoder).count()

    def _shelf(self, encoder: Encoder) -> _Shelf:
        shelf = self._shelves.get(encoder.content_hash)
        if shelf is None:
            shelf = _Shelf(self.directory / encoder.content_hash[:32], encoder, self.precision)
            self._shelves[encoder.content_hash] = shelf
        return shelf


class _Shelf:
    """The rows of one encoder."""

    def __init__(self, directory: Path, encoder: Encoder, precision: Precision) -> None:
        self._directory = directory
        self._vectors_path, self._keys_path = directory / "vectors.bin", directory / "keys.bin"
        self._dimension = encoder.dimension
        self._dtype = np.dtype(precision).newbyteorder("<")
        self._config: dict[str, object] = {
            "format": _FORMAT,
            "encoder": encoder.name,
            "content_hash": encoder.content_hash,
            "dimension": encoder.dimension,
            "precision": precision,
        }
        self._index = KeyIndex()
        self._opened = False

    def count(self) -> int:
        self._refresh()
        return len(self._index)

    def get(self, keys: NDArray[np.uint64]) -> tuple[Vectors, NDArray[np.bool_]]:
        rows = self._index.find(keys)
        if (rows < 0).any() and self._refresh():
            rows = self._index.find(keys)
        found = rows >= 0
        vectors = np.zeros((len(keys), self._dimension), np.float32)
        if found.any():
            # Mapped for this call alone, so that the pages read do not stay counted as this process's memory.
            vectors[found] = self._map()[rows[found]]
        return vectors, found

    def put(self, keys: NDArray[np.uint64], vectors: Vectors) -> int:
        from filelock import FileLock

        self._directory.mkdir(parents=True, exist_ok=True)
        with FileLock(self._directory / "lock"):
            self._write_config()
            self._refresh()
            new = self._index.find(keys) < 0
            _, first = np.unique(keys, axis=0, return_index=True)
            repeated = np.ones(len(keys), bool)
            repeated[first] = False
            new &= ~repeated
            count = int(new.sum())
            if count:
                start = len(self._index)
                row_bytes = self._dimension * self._dtype.itemsize
                _append(self._vectors_path, start * row_bytes, vectors[new].astype(self._dtype).tobytes())
                _append(self._keys_path, start * KEY_BYTES, keys[new].tobytes())
                self._index.extend(keys[new])
        return count

    def _map(self) -> NDArray[np.floating]:
        return np.memmap(self._vectors_path, self._dtype, "r", shape=(len(self._index), self._dimension))

    def _refresh(self) -> bool:
        """Read the keys that were added since; whether there were any."""
        if not self._opened and not self._open():
            return False
        with self._keys_path.open("rb") as file:
            file.seek(len(self._index) * KEY_BYTES)
            tail = file.read()
        added = len(tail) // KEY_BYTES
        if added:
            self._index.extend(np.frombuffer(tail, np.uint64, 2 * added).reshape(-1, 2))
        return added > 0

    def _open(self) -> bool:
        """Read the folder's config, if it has one yet, and check that it is this encoder's."""
        try:
            config = json.loads((self._directory / "config.json").read_text())
        except FileNotFoundError:
            return False
        for field in ("format", "content_hash", "dimension"):
            if config.get(field) != self._config[field]:
                raise ValueError(
                    f"{self._directory / 'config.json'}: {field} is {config.get(field)!r}, not "
                    f"{self._config[field]!r}: the folder is another encoder's: use another store, or delete it"
                )
        self._dtype = np.dtype(config["precision"]).newbyteorder("<")
        self._keys_path.touch()
        self._opened = True
        return True

    def _write_config(self) -> None:
        if self._opened or self._open():
            return
        path = self._directory / "config.json"
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps(self._config, indent=1) + "\n")
        temporary.replace(path)
        self._open()


def _append(path: Path, offset: int, data: bytes) -> None:
    """Write at the end of what counts, over what a killed writer may have left there, and have it on the disk."""
    path.touch()
    with path.open("r+b", buffering=0) as file:
        file.truncate(offset)
        file.seek(offset)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())


def _keys(role: Role, texts: Sequence[str]) -> NDArray[np.uint64]:
    """BLAKE2b-128 of each role and text, ``(n, 2)``."""
    start = hashlib.blake2b(role.encode() + b"\0", digest_size=KEY_BYTES)
    digests = bytearray()
    for text in texts:
        state = start.copy()
        state.update(text.encode("utf-8", "surrogatepass"))
        digests += state.digest()
    return np.frombuffer(bytes(digests), np.uint64).reshape(-1, 2)


class StoredEncoder(Encoder):
    """An encoder that looks in a store first and puts there what it had to compute.

    It has the name, dimension and content hash of the encoder within. With a ``"float16"`` store every vector is
    rounded to it, the newly computed ones too, so that a text's vector does not depend on when it was computed. Inner
    layers have a shelf of their own, always in float16, which holds them exactly.
    """

    def __init__(self, encoder: Encoder, store: EmbeddingStore) -> None:
        self.encoder, self.store = encoder, store
        self.name, self.dimension, self.content_hash = encoder.name, encoder.dimension, encoder.content_hash
        self.inner_layers = encoder.inner_layers
        self._inner, self._inner_store = _InnerLayers(encoder), EmbeddingStore(store.directory, "float16")

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        vectors, found = self.store.get(self.encoder, role, texts)
        missing = _missing(texts, found)
        known = int(found.sum())
        for start in range(0, len(missing), _TEXTS_PER_COMMIT):
            batch = missing[start : start + _TEXTS_PER_COMMIT]
            self.store.put(self.encoder, role, batch, self.encoder.encode(batch, role))
            if progress is not None:
                progress(known + start + len(batch), len(texts))
        if progress is not None:
            progress(len(texts), len(texts))
        return self.store.get(self.encoder, role, texts)[0] if missing else vectors

    def _encode_deep(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        if not self.inner_layers:
            return self._encode(texts, role, progress)
        vectors, found = self.store.get(self.encoder, role, texts)
        inner, found_inner = self._inner_store.get(self._inner, role, texts)
        missing = _missing(texts, found & found_inner)
        for start in range(0, len(missing), _TEXTS_PER_COMMIT):
            batch = missing[start : start + _TEXTS_PER_COMMIT]
            rows = self.encoder.encode_deep(batch, role)
            self.store.put(self.encoder, role, batch, rows[:, : self.dimension])
            self._inner_store.put(self._inner, role, batch, rows[:, self.dimension :])
            if progress is not None:
                progress(len(texts) - len(missing) + start + len(batch), len(texts))
        if missing:
            vectors, _ = self.store.get(self.encoder, role, texts)
            inner, _ = self._inner_store.get(self._inner, role, texts)
        elif progress is not None:
            progress(len(texts), len(texts))
        return np.hstack([vectors, inner])


class _InnerLayers(Encoder):
    """An encoder's inner layers, as the store knows them: a name, a length and a hash of their own."""

    def __init__(self, encoder: Encoder) -> None:
        layers = " ".join(map(str, encoder.inner_layers))
        self.name = f"{encoder.name}, layers {layers}"
        self.dimension = encoder.deep_dimension - encoder.dimension
        self.content_hash = hashlib.sha256(f"{encoder.content_hash} layers {layers}".encode()).hexdigest()
        self._encoder = encoder

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        return self._encoder.encode_deep(texts, role, progress)[:, self._encoder.dimension :]


def _missing(texts: list[str], found: NDArray[np.bool_]) -> list[str]:
    """The texts that were not found, each once."""
    return list(dict.fromkeys(text for text, known in zip(texts, found.tolist(), strict=True) if not known))
