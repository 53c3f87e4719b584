"""Runs a graph of ``encoders.graph`` over texts of any number and length, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from encoders.base import Progress, Vectors, unit_rows

TOKENS_PER_BATCH = 2048
_PLACES = 16  # attention lays a text on a multiple of this many places

Pooling = Literal["mean", "cls"]
"""Mean of all token states of a window, marks included, or the state of its begin mark."""

Embed = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]
"""Piece numbers and positions, each ``(tokens,)``, to the sum of their embeddings, ``(tokens, hidden)``."""


@dataclass(frozen=True)
class _Window:
    """A part of a text that fits the model: its tokens with the begin and end marks."""

    text: int
    tokens: list[int]


class GraphRunner:
    """An ONNX Runtime session with what surrounds it: embedding lookup, windows, batches, pooling.

    Args:
        path: the model file.
        threads: threads of the session.
        embed: the embedding lookup.
        begin, end: piece numbers put around each window.
        positions: the most tokens of a window, its marks included.
        pooling: token states to a window's vector.
    """

    def __init__(
        self,
        path: Path,
        threads: int,
        embed: Embed,
        begin: int,
        end: int,
        positions: int,
        pooling: Pooling = "mean",
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep: a server or a Ray worker beside us needs the core more than we need the microseconds.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._embed, self._begin, self._end, self._room = embed, begin, end, positions - 2
        self._pooling = pooling

    def encode(self, tokenize: Callable[[str], list[int]], texts: Sequence[str], progress: Progress | None) -> Vectors:
        """Unit vectors of texts, ``(n, hidden)``.

        A text longer than the model's positions is cut into windows; its vector is the mean of theirs, weighted by
        their tokens.
        """
        windows: list[_Window] = []
        for index, text in enumerate(texts):
            tokens = tokenize(text)
            for start in range(0, max(len(tokens), 1), self._room):
                windows.append(_Window(index, [self._begin, *tokens[start : start + self._room], self._end]))
        windows.sort(key=lambda window: len(window.tokens))
        sums: NDArray[np.float64] | None = None
        pending = np.bincount([window.text for window in windows], minlength=len(texts))
        for batch in _batches(windows):
            means = self._run([window.tokens for window in batch])
            if sums is None:
                sums = np.zeros((len(texts), means.shape[1]))
            for window, mean in zip(batch, means, strict=True):
                sums[window.text] += max(len(window.tokens) - 2, 1) * mean.astype(np.float64)
                pending[window.text] -= 1
            if progress is not None:
                progress(int((pending == 0).sum()), len(texts))
        assert sums is not None
        return unit_rows(sums)

    def _run(self, sequences: list[list[int]]) -> NDArray[np.float32]:
        """The pooled token states of each sequence, ``(sequences, hidden)``."""
        lengths = np.array([len(sequence) for sequence in sequences])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        width = -(-int(lengths.max()) // _PLACES) * _PLACES
        places = np.arange(width)
        inside = places < lengths[:, None]
        positions = np.broadcast_to(places, inside.shape)[inside]
        numbers = np.fromiter((token for sequence in sequences for token in sequence), np.int64, int(lengths.sum()))
        feeds = {
            "embeddings": self._embed(numbers, positions),
            "lay": np.where(inside, starts[:, None] + places, 0),
            "lengths": lengths.astype(np.int32),
            "gather": np.flatnonzero(inside),
        }
        (states,) = self._session.run(None, feeds)
        if self._pooling == "cls":
            return np.asarray(states[starts], np.float32)
        return np.stack(
            [states[start : start + size].mean(axis=0) for start, size in zip(starts, lengths, strict=True)]
        )


def _batches(windows: list[_Window]) -> list[list[_Window]]:
    """Windows in order of length, as many a batch as the token budget allows."""
    batches: list[list[_Window]] = []
    room = 0
    for window in windows:
        room -= len(window.tokens)
        if not batches or room < 0:
            batches.append([])
            room = TOKENS_PER_BATCH - len(window.tokens)
        batches[-1].append(window)
    return batches
