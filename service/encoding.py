"""The encoder as the service uses it: what was encoded before, here or before a restart, is not encoded again."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from encoders import Encoder
from encoders.base import Progress, Role, Vectors
from service.errors import UnavailableError

LOG = logging.getLogger("answergate.service")
RETRY_AFTER = 5.0

Recall = Callable[[Sequence[str]], Mapping[str, Vectors]]
"""Answers' texts to those deep rows that are known from before."""


class RememberingEncoder(Encoder):
    """An encoder with a memory of the latest deep rows; what is not there is recalled, else computed.

    Args:
        encoder: computes; safe to call from several threads.
        capacity: rows to remember, 1.5 kB for every 384 dimensions.
    """

    def __init__(self, encoder: Encoder, capacity: int = 20_000) -> None:
        self.encoder = encoder
        self.name, self.dimension, self.content_hash = encoder.name, encoder.dimension, encoder.content_hash
        self.inner_layers = encoder.inner_layers
        self.recall: Recall | None = None
        self._capacity = capacity
        self._known: OrderedDict[tuple[Role, str], Vectors] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def row_hash(self) -> str:
        """What deep rows are kept by: two encoders with the same give the same rows."""
        return f"{self.content_hash} {' '.join(map(str, self.inner_layers))}"

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        return self._encode_deep(texts, role, progress)[:, : self.dimension]

    def _encode_deep(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        found = self._remembered(texts, role)
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        if missing and role == "answer" and self.recall is not None:
            found.update(self.recall(missing))
            missing = [text for text in missing if text not in found]
        if missing:
            found.update(zip(missing, self._computed(missing, role, progress), strict=True))
        self._remember(found, role)
        return np.stack([found[text] for text in texts])

    def _computed(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        try:
            return self.encoder.encode_deep(texts, role, progress)
        except Exception as error:
            # Whatever the engine's trouble is (memory, a damaged file), to callers it is the same.
            LOG.exception("the encoder failed")
            message = "answers cannot be graded just now; nothing was stored, try again in a moment"
            raise UnavailableError(message, retry_after=RETRY_AFTER, code="encoder_failed") from error

    def _remembered(self, texts: list[str], role: Role) -> dict[str, Vectors]:
        with self._lock:
            found = {text: self._known.get((role, text)) for text in texts}
        return {text: vector for text, vector in found.items() if vector is not None}

    def _remember(self, vectors: Mapping[str, Vectors], role: Role) -> None:
        with self._lock:
            for text, vector in vectors.items():
                self._known[role, text] = vector
                self._known.move_to_end((role, text))
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
