"""The ONNX graph of a BERT-shaped encoder, written so that a token's numbers never depend on its neighbours'.

The tokens of all texts of a batch are the rows of one matrix, so products see no padding; only attention lays the
texts side by side. In int8 each token has an activation scale of its own, from its largest magnitude. Products of
integers are exact, so a token's result is the same, bit for bit, however many rows the matrix has; one scale over the
whole batch, as dynamic quantization commonly has it, would make a text's vector depend on its neighbours.

Operators are chosen by measurement (docs/encoders.md): ONNX Runtime's fused SkipLayerNormalization and BiasGelu, for
one, are slower than what they fuse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from encoders.bert_layers import Layer, Linear, Matrix, Norm, Shape, fold_output_biases

Precision = Literal["int8", "fp32"]
GRAPH_VERSION = 2
"""Part of every cached model's name: raise it when the graph changes."""

ACTIVATIONS = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
_GELU_MINIMUM = -0.171  # both forms are above it everywhere
_MICROSOFT = "com.microsoft"


class _Graph:
    """Nodes and initializers as they are added; a node has the name of its output."""

    def __init__(self, precision: Precision) -> None:
        self.precision = precision
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def node(self, operator: str, inputs: list[str], name: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [name], name, domain=domain, **attributes))
        return name

    def constant(self, name: str, values: NDArray[Any] | np.generic) -> str:
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def norm(self, source: str, norm: Norm, shape: Shape, name: str) -> str:
        inputs = [source, self.constant(f"{name}.scale", norm.scale), self.constant(f"{name}.shift", norm.shift)]
        return self.node("LayerNormalization", inputs, name, axis=-1, epsilon=shape.epsilon)

    def product(self, source: str, linear: Linear, name: str, minimum: float | None = None) -> str:
        """``source @ weight + bias`` in this graph's precision; a bias of zeros costs nothing.

        ``minimum`` is the least value that the source can have, where that is small beside its greatest.
        """
        has_bias = bool(linear.bias.any())
        if self.precision == "fp32":
            inputs = [source, self.constant(f"{name}.weight", linear.weight)]
            if has_bias:
                inputs.append(self.constant(f"{name}.bias", linear.bias))
            return self.node("Gemm", inputs, name)
        # The integer that stands for 0, and the least value that the largest one may stand for.
        middle, least = (128, 1e-12) if minimum is None else (16, -minimum * (255 - 16) / 16)
        magnitude = source if minimum is not None else self.node("Abs", [source], f"{name}.magnitude")
        largest = self.node("ReduceMax", [magnitude, "columns"], f"{name}.largest", keepdims=0)
        bounded = self.node("Max", [largest, self.constant(f"{name}.least", np.float32(least))], f"{name}.bounded")
        step = self.constant(f"{name}.step", np.float32(1 / (255 - middle)))
        scale = self.node("Mul", [bounded, step], f"{name}.scale")
        rounded = self.node("QuantizeLinear", [source, scale, f"middles{middle}"], f"{name}.rounded", axis=0)
        integers, scales = quantize(linear.weight)
        operands = [rounded, self.constant(f"{name}.weight", integers), "one"]
        operands += [self.constant(f"{name}.weight_scale", scales), self.constant(f"{name}.middle", np.uint8(middle))]
        raw = self.node("MatMulIntegerToFloat", operands, f"{name}.raw", _MICROSOFT)
        column = self.node("Unsqueeze", [scale, "columns"], f"{name}.column")
        scaled = self.node("Mul", [raw, column], f"{name}.scaled")
        return self.node("Add", [scaled, self.constant(f"{name}.bias", linear.bias)], name) if has_bias else scaled


def quantize(weight: Matrix) -> tuple[NDArray[np.int8], Matrix]:
    """Weights ``(inputs, outputs)`` as int8 and a float32 scale for each output.

    A processor without VNNI multiplies two neighbouring activations with their weights and adds the two products in 16
    bits, saturating. So a column is scaled to have not only no weight beyond 127 but no two neighbours whose magnitudes
    add up to more than 128: with activations up to 255, no pair exceeds 255 * 128 = 32,640, and the product is exact on
    every processor.
    """
    inputs, outputs = weight.shape
    magnitude = np.abs(weight)
    pairs = magnitude[: inputs - inputs % 2].reshape(-1, 2, outputs).sum(axis=1)
    # Rounding can add one half to each of the two, so the sum before it is kept to 127.
    largest = np.maximum(magnitude.max(axis=0), pairs.max(axis=0, initial=0.0))
    scales = np.maximum(largest / 127, 1e-12).astype(np.float32)
    return np.rint(weight / scales).astype(np.int8), scales


def inner_layers(count: int) -> tuple[int, ...]:
    """The layers, counted from 1, a quarter, a half and three quarters of the way up a model of `count` layers."""
    return tuple(sorted({count * quarter // 4 for quarter in (1, 2, 3)} - {0, count}))


def inner_output(layer: int) -> str:
    """Name of a model file's output with the states of an inner layer."""
    return f"states{layer}"


def write_graph(
    path: Path,
    shape: Shape,
    embedding_norm: Norm,
    layers: Iterable[Layer],
    precision: Precision,
    inner: Collection[int] = (),
) -> None:
    """Write the model file of an encoder without its embedding tables.

    The model's inputs are ``embeddings`` float32 ``(tokens, hidden)``, word plus position plus type; ``text`` and
    ``place`` int64 ``(tokens,)``, where each token is laid; ``lay`` int64 ``(texts, length)``, the token at each place
    (any where a text has ended); ``mask`` float32 ``(texts, 1, 1, length)``, 0 at a token and minus infinity where a
    text has ended. Its output is ``states`` float32 ``(tokens, hidden)``, and the like for each layer of ``inner``.
    """
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph(precision)
    _add_shared_nodes(graph, shape)
    embedding_norm, layers = fold_output_biases(embedding_norm, layers)
    states = graph.norm("embeddings", embedding_norm, shape, "embedding")
    for number, layer in enumerate(layers):
        states = _add_layer(graph, states, layer, shape, f"layer{number}")
        if number + 1 in inner:
            graph.node("Identity", [states], inner_output(number + 1))
    graph.node("Identity", [states], "states")

    def port(name: str, kind: int, *dimensions: str | int) -> Any:
        return helper.make_tensor_value_info(name, kind, dimensions)

    inputs = [
        port("embeddings", TensorProto.FLOAT, "tokens", shape.hidden),
        port("text", TensorProto.INT64, "tokens"),
        port("place", TensorProto.INT64, "tokens"),
        port("lay", TensorProto.INT64, "texts", "length"),
        port("mask", TensorProto.FLOAT, "texts", 1, 1, "length"),
    ]
    names = ["states", *map(inner_output, sorted(inner))]
    outputs = [port(name, TensorProto.FLOAT, "tokens", shape.hidden) for name in names]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.initializers),
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=9,
        producer_name="answergate",
    )
    onnx.save(model, str(path))


def _add_shared_nodes(graph: _Graph, shape: Shape) -> None:
    """What all layers use: constants, and where attention finds and leaves each head of each token.

    Query, key and value of all heads of a token are one row; seen as rows of one head each, one lookup both lays the
    tokens out and brings each head together, and another undoes both.
    """
    from onnx import TensorProto, helper

    heads = shape.heads
    graph.constant("columns", np.array([1]))
    graph.constant("head_rows", np.array([-1, shape.hidden // heads]))
    graph.constant("token_rows", np.array([-1, shape.hidden]))
    graph.node("Unsqueeze", ["lay", "columns"], "lay_column")
    first = graph.node("Mul", ["lay_column", graph.constant("parts", np.array(3 * heads))], "first_part")
    for part, name in enumerate(("query", "key", "value")):
        offsets = part * heads + np.arange(heads)[None, :, None]
        graph.node("Add", [first, graph.constant(f"{name}.offsets", offsets)], f"{name}.rows")
    # Row (text * heads + head) * length + place holds a head of a token after attention.
    graph.node("Mul", ["text", graph.constant("heads", np.array([heads]))], "text_heads")
    graph.node("Unsqueeze", ["text_heads", "columns"], "text_column")
    graph.node("Add", ["text_column", graph.constant("head_numbers", np.arange(heads)[None])], "text_and_head")
    graph.node("Shape", ["lay"], "length", start=1, end=2)
    graph.node("Mul", ["text_and_head", "length"], "head_starts")
    graph.node("Unsqueeze", ["place", "columns"], "place_column")
    graph.node("Add", ["head_starts", "place_column"], "context.rows")
    if graph.precision == "int8":
        graph.constant("one", np.float32(1))
        graph.node("Shape", ["place"], "count")
        for middle in (128, 16):
            value = helper.make_tensor("value", TensorProto.UINT8, [1], [middle])
            graph.node("ConstantOfShape", ["count"], f"middles{middle}", value=value)


def _add_layer(graph: _Graph, states: str, layer: Layer, shape: Shape, name: str) -> str:
    joined = graph.product(states, layer.query_key_value, f"{name}.query_key_value")
    rows = graph.node("Reshape", [joined, "head_rows"], f"{name}.rows")
    query, key, value = (
        graph.node("Gather", [rows, f"{part}.rows"], f"{name}.{part}") for part in ("query", "key", "value")
    )
    scale = float((shape.hidden // shape.heads) ** -0.5)
    scores = graph.node("FusedMatMul", [query, key], f"{name}.scores", _MICROSOFT, transB=1, alpha=scale)
    masked = graph.node("Add", [scores, "mask"], f"{name}.masked")
    weights = graph.node("Softmax", [masked], f"{name}.weights", axis=-1)
    mixed = graph.node("MatMul", [weights, value], f"{name}.mixed")
    rows = graph.node("Reshape", [mixed, "head_rows"], f"{name}.mixed_rows")
    gathered = graph.node("Gather", [rows, "context.rows"], f"{name}.gathered")
    context = graph.node("Reshape", [gathered, "token_rows"], f"{name}.context")
    attended = graph.product(context, layer.attention_output, f"{name}.attention_output")
    states = graph.node("Add", [states, attended], f"{name}.attention_sum")
    states = graph.norm(states, layer.attention_norm, shape, f"{name}.attention_norm")
    widened = graph.product(states, layer.intermediate, f"{name}.intermediate")
    form = ACTIVATIONS[shape.activation]
    activated = graph.node("Gelu", [widened], f"{name}.activated", approximate=form)
    narrowed = graph.product(activated, layer.output, f"{name}.output", minimum=_GELU_MINIMUM)
    states = graph.node("Add", [states, narrowed], f"{name}.output_sum")
    return graph.norm(states, layer.output_norm, shape, f"{name}.output_norm")
