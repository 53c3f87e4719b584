"""An encoder that adds up its own processor time, for benchmarks of what is built around one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from encoders import Encoder
from encoders.base import Progress, Role, Vectors


class TimedEncoder(Encoder):
    """The same vectors; `seconds` of processor time and `texts` since somebody last set them to 0."""

    def __init__(self, inner: Encoder) -> None:
        self.inner = inner
        self.name, self.dimension, self.content_hash = inner.name, inner.dimension, inner.content_hash
        self.inner_layers = inner.inner_layers
        self.seconds, self.texts = 0.0, 0

    def encode(self, texts: Sequence[str], role: Role = "answer", progress: Progress | None = None) -> Vectors:
        return self._timed(self.inner.encode, texts, role, progress)

    def encode_deep(self, texts: Sequence[str], role: Role = "answer", progress: Progress | None = None) -> Vectors:
        return self._timed(self.inner.encode_deep, texts, role, progress)

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        return self.encode(texts, role, progress)

    def _timed(
        self, encode: Callable[..., Vectors], texts: Sequence[str], role: Role, progress: Progress | None
    ) -> Vectors:
        begun = time.process_time()
        vectors = encode(texts, role, progress)
        self.seconds += time.process_time() - begun
        self.texts += len(texts)
        return vectors
