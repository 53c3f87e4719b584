"""The ONNX graph of a BERT-shaped encoder, written so that a token's numbers never depend on its neighbours'.

Tokens of all texts of a batch are the rows of one matrix, so products see no padding; only attention lays the texts
side by side. In int8 each token has an activation scale of its own (its largest magnitude / 127). Products of
integers are exact, so a token's result is the same, bit for bit, however many rows the matrix has; one scale over
the whole batch, as dynamic quantization commonly has it, would make a text's vector depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Precision = Literal["int8", "fp32"]
GRAPH_VERSION = 1
"""Part of every cached model's name: raise it when the graph changes."""

Matrix = NDArray[np.float32]

_MICROSOFT = "com.microsoft"
ACTIVATIONS = {"gelu": "BiasGelu", "gelu_new": "FastGelu", "gelu_pytorch_tanh": "FastGelu"}


@dataclass(frozen=True)
class Linear:
    """``x @ weight + bias``: weight is ``(inputs, outputs)``."""

    weight: Matrix
    bias: Matrix


@dataclass(frozen=True)
class Norm:
    """Scale and shift of a layer normalization, each ``(hidden,)``."""

    scale: Matrix
    shift: Matrix


@dataclass(frozen=True)
class Layer:
    """One transformer layer, normalised after each half as BERT is; query, key and value side by side in one."""

    query_key_value: Linear
    attention_output: Linear
    attention_norm: Norm
    intermediate: Linear
    output: Linear
    output_norm: Norm


@dataclass(frozen=True)
class Shape:
    """What a graph must know of a model besides its weights."""

    hidden: int
    heads: int
    epsilon: float
    activation: str = "gelu"


class _Graph:
    """Nodes and initializers as they are added; names are made up of the node's place."""

    def __init__(self, precision: Precision) -> None:
        self.precision = precision
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def node(self, operator: str, inputs: list[str], name: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [name], name, domain=domain, **attributes))
        return name

    def constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def product(self, source: str, weight: Matrix, name: str) -> str:
        """``source @ weight`` in this graph's precision; the bias is left to the operator that follows."""
        if self.precision == "fp32":
            return self.node("MatMul", [source, self.constant(f"{name}.weight", weight)], name)
        scales = np.maximum(np.abs(weight).max(axis=0), 1e-12) / np.float32(127)
        integers = np.rint(weight / scales).astype(np.int8)
        magnitude = self.node("Abs", [source], f"{name}.magnitude")
        largest = self.node("ReduceMax", [magnitude, "columns"], f"{name}.largest", keepdims=0)
        bounded = self.node("Max", [largest, "tiny"], f"{name}.bounded")
        scale = self.node("Mul", [bounded, "step"], f"{name}.scale")
        rounded = self.node("QuantizeLinear", [source, scale, "middles"], f"{name}.rounded", axis=0)
        operands = [rounded, self.constant(f"{name}.weight", integers), "one"]
        operands += [self.constant(f"{name}.weight_scale", scales.astype(np.float32)), "middle"]
        raw = self.node("MatMulIntegerToFloat", operands, f"{name}.raw", _MICROSOFT)
        column = self.node("Unsqueeze", [scale, "columns"], f"{name}.column")
        return self.node("Mul", [raw, column], name)

    def add_and_norm(self, source: str, skip: str, linear: Linear, norm: Norm, shape: Shape, name: str) -> str:
        inputs = [source, skip, self.constant(f"{name}.scale", norm.scale)]
        inputs += [self.constant(f"{name}.shift", norm.shift), self.constant(f"{name}.bias", linear.bias)]
        return self.node("SkipLayerNormalization", inputs, name, _MICROSOFT, epsilon=shape.epsilon)


def write_graph(path: Path, shape: Shape, embedding_norm: Norm, layers: Iterable[Layer], precision: Precision) -> None:
    """Write the model file of an encoder without its embedding tables.

    Inputs of the model: ``embeddings`` float32 ``(tokens, hidden)``, word plus position plus type; ``lay``  int64
    ``(texts, length)``, the token at each place of each text (any token where the text has ended); ``lengths`` int32
    ``(texts,)``; ``gather`` int64 ``(tokens,)``, each token's place among the texts laid out. Output: ``states``
    float32 ``(tokens, hidden)``.
    """
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph(precision)
    hidden = shape.hidden
    graph.constant("flat", np.array([-1, hidden], np.int64))
    if precision == "int8":
        graph.constant("columns", np.array([1], np.int64))
        graph.constant("tiny", np.array(1e-12, np.float32))
        graph.constant("step", np.array(1 / 127, np.float32))
        graph.constant("one", np.array(1, np.float32))
        graph.constant("middle", np.array(128, np.uint8))
        count = graph.node("Shape", ["gather"], "count")
        value = helper.make_tensor("value", TensorProto.UINT8, [1], [128])
        graph.node("ConstantOfShape", [count], "middles", value=value)
    norm = [graph.constant("embedding.scale", embedding_norm.scale)]
    norm += [graph.constant("embedding.shift", embedding_norm.shift)]
    states = graph.node("LayerNormalization", ["embeddings", *norm], "embedding", axis=-1, epsilon=shape.epsilon)
    for number, layer in enumerate(layers):
        states = _add_layer(graph, states, layer, shape, f"layer{number}")
    graph.node("Identity", [states], "states")

    def port(name: str, kind: int, dimensions: list[str | int]) -> Any:
        return helper.make_tensor_value_info(name, kind, dimensions)

    inputs = [port("embeddings", TensorProto.FLOAT, ["tokens", hidden])]
    inputs += [
        port("lay", TensorProto.INT64, ["texts", "length"]),
        port("lengths", TensorProto.INT32, ["texts"]),
    ]
    inputs += [port("gather", TensorProto.INT64, ["tokens"])]
    outputs = [port("states", TensorProto.FLOAT, ["tokens", hidden])]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.initializers),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=9,
        producer_name="answergate",
    )
    onnx.save(model, str(path))


def _add_layer(graph: _Graph, states: str, layer: Layer, shape: Shape, name: str) -> str:
    joined = graph.product(states, layer.query_key_value.weight, f"{name}.query_key_value")
    laid = graph.node("Gather", [joined, "lay"], f"{name}.laid")
    parts = [f"{name}.query", f"{name}.key", f"{name}.value"]
    from onnx import helper

    graph.nodes.append(helper.make_node("Split", [laid], parts, f"{name}.split", axis=-1, num_outputs=3))
    bias = graph.constant(f"{name}.query_key_value.bias", layer.query_key_value.bias)
    attention = graph.node(
        "MultiHeadAttention",
        [*parts, bias, "lengths"],
        f"{name}.attention",
        _MICROSOFT,
        num_heads=shape.heads,
    )
    places = graph.node("Reshape", [attention, "flat"], f"{name}.places")
    attention = graph.node("Gather", [places, "gather"], f"{name}.gathered")
    attended = graph.product(attention, layer.attention_output.weight, f"{name}.attention_output")
    states = graph.add_and_norm(
        attended, states, layer.attention_output, layer.attention_norm, shape, f"{name}.attention_norm"
    )
    widened = graph.product(states, layer.intermediate.weight, f"{name}.intermediate")
    bias = graph.constant(f"{name}.intermediate.bias", layer.intermediate.bias)
    activated = graph.node(ACTIVATIONS[shape.activation], [widened, bias], f"{name}.activated", _MICROSOFT)
    narrowed = graph.product(activated, layer.output.weight, f"{name}.output")
    return graph.add_and_norm(narrowed, states, layer.output, layer.output_norm, shape, f"{name}.output_norm")
