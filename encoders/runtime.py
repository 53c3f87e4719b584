"""Runs a graph of ``encoders.graph`` over texts of any number and length, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from encoders.base import Progress, Vectors, unit_rows

TOKENS_PER_BATCH = 384
"""Rows of the matrices of one run: as many as the layers' activations still fit a core's second-level cache."""

_TEXTS_PER_CHUNK = 1024  # tokenized and sorted by length together
_PLACES = 16  # attention lays texts on a multiple of this many places

Pooling = Literal["mean", "cls"]
"""Mean of all token states of a window, marks included, or the state of its begin mark."""

Embed = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]
"""Piece numbers and positions, each ``(tokens,)``, to the sum of their embeddings, ``(tokens, hidden)``."""

Tokenize = Callable[[str], list[int]]


@dataclass(frozen=True)
class _Window:
    """A part of a text that fits the model: its tokens with the begin and end marks."""

    text: int
    tokens: list[int]


class GraphRunner:
    """An ONNX Runtime session with what surrounds it: embedding lookup, windows, batches, pooling.

    The session itself has one thread; several threads run several batches at a time. That takes no waiting between
    operators, leaves no idle threads spinning beside a server's or a Ray worker's, and makes a vector the same whatever
    the number of threads.

    Args:
        path: the model file.
        threads: batches run at a time.
        embed: the embedding lookup.
        begin, end: piece numbers put around each window.
        positions: the most tokens of a window, its marks included.
        pooling: token states to a window's vector.
    """

    def __init__(
        self, path: Path, threads: int, embed: Embed, begin: int, end: int, positions: int, pooling: Pooling = "mean"
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # Batches differ in shape; the memory plans kept for each shape would add up.
        options.enable_mem_pattern = False
        # The graph is written as it should run: the optimizer would fuse bias and Gelu into a slower operator.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._hidden = int(self._session.get_outputs()[0].shape[1])
        self._threads, self._embed, self._pooling = threads, embed, pooling
        self._begin, self._end, self._room = begin, end, positions - 2

    def encode(
        self, tokenize: Tokenize, texts: Sequence[str], progress: Progress | None, deep: bool = False
    ) -> Vectors:
        """Unit vectors of texts, ``(n, hidden)``; ``deep`` puts the unit vectors of the inner layers beside them.

        A text longer than the model's positions is cut into windows; its vector is the mean of theirs, weighted by
        their tokens. Inner layers' vectors are rounded to float16.
        """
        outputs = self._outputs if deep else self._outputs[:1]
        width = self._hidden * len(outputs)
        vectors = np.empty((len(texts), width), np.float32)
        workers = ThreadPoolExecutor(self._threads) if self._threads > 1 and len(texts) > 1 else None
        run = workers.map if workers else map  # the one starts at once, the other when its results are asked for
        pooled = partial(self._run, outputs)
        chunks = ((start, batches, run(pooled, batches)) for start, batches in self._chunks(tokenize, texts))
        try:
            # A pair is here when its second is: the next chunk is tokenized while the workers are busy with this one.
            for chunk, _ in pairwise(chain(chunks, [None])):
                assert chunk is not None
                start, batches, results = chunk
                stop = min(start + _TEXTS_PER_CHUNK, len(texts))
                sums = _combine(batches, results, (stop - start, width))
                for at in range(0, width, self._hidden):
                    rows = unit_rows(sums[:, at : at + self._hidden])
                    vectors[start:stop, at : at + self._hidden] = rows.astype(np.float16) if at else rows
                if progress is not None:
                    progress(stop, len(texts))
        finally:
            if workers:
                workers.shutdown(cancel_futures=True)
        return vectors

    def _chunks(self, tokenize: Tokenize, texts: Sequence[str]) -> Iterator[tuple[int, list[list[_Window]]]]:
        """Where each chunk of the texts starts, and its batches."""
        for start in range(0, len(texts), _TEXTS_PER_CHUNK):
            windows = self._windows(tokenize, texts[start : start + _TEXTS_PER_CHUNK])
            yield start, _batches(windows, self._threads)

    def _windows(self, tokenize: Tokenize, texts: Sequence[str]) -> Iterator[_Window]:
        for number, text in enumerate(texts):
            tokens = tokenize(text)
            for start in range(0, max(len(tokens), 1), self._room):
                yield _Window(number, [self._begin, *tokens[start : start + self._room], self._end])

    def _run(self, outputs: Sequence[str], windows: list[_Window]) -> NDArray[np.float32]:
        """The pooled token states of each window, ``(windows, hidden)`` for each output, side by side."""
        lengths = np.array([len(window.tokens) for window in windows])
        starts = np.cumsum(lengths) - lengths
        places = np.arange(-(-int(lengths.max()) // _PLACES) * _PLACES)
        inside = places < lengths[:, None]
        text, place = np.nonzero(inside)
        numbers = np.fromiter(chain.from_iterable(window.tokens for window in windows), np.int64, len(text))
        feeds = {
            "embeddings": self._embed(numbers, place),
            "text": text,
            "place": place,
            "lay": np.where(inside, starts[:, None] + places, 0),
            "mask": np.where(inside, np.float32(0), np.float32(-np.inf))[:, None, None, :],
        }
        parts = []
        for number, states in enumerate(self._session.run(outputs, feeds)):
            if self._pooling == "cls" and number == 0:
                parts.append(states[starts])
                continue
            sums: NDArray[np.float32] = np.add.reduceat(states, starts, axis=0)
            sums /= lengths[:, None]
            parts.append(sums)
        return np.asarray(np.hstack(parts), np.float32)


def _batches(windows: Iterator[_Window], workers: int) -> list[list[_Window]]:
    """Windows by length, in batches of about as many tokens each: within the budget, and a like number a worker."""
    ordered = sorted(windows, key=lambda window: len(window.tokens))
    total = sum(len(window.tokens) for window in ordered)
    rounds = -(-total // (TOKENS_PER_BATCH * workers))
    budget = -(-total // (rounds * workers))
    batches: list[list[_Window]] = [[]]
    tokens = 0
    for window in ordered:
        if batches[-1] and tokens >= budget:
            batches.append([])
            tokens = 0
        batches[-1].append(window)
        tokens += len(window.tokens)
    return batches


def _combine(
    batches: list[list[_Window]], results: Iterator[NDArray[np.float32]], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Sum of each text's windows' vectors, weighted by their tokens without the marks."""
    sums = np.zeros(shape)
    for batch, vectors in zip(batches, results, strict=True):
        for window, vector in zip(batch, vectors, strict=True):
            sums[window.text] += max(len(window.tokens) - 2, 1) * vector.astype(np.float64)
    return sums
