"""The graph and its integers: exact folding, no saturation, no dependence on layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from encoders.bert_layers import Layer, Linear, Norm, Shape, fold_output_biases
from encoders.graph import Precision, inner_layers, quantize, write_graph
from encoders.runtime import GraphRunner

SHAPE = Shape(hidden=32, heads=4, epsilon=1e-12)


def random_model(seed: int = 0, layers: int = 2) -> tuple[Norm, list[Layer]]:
    rng = np.random.default_rng(seed)

    def linear(inputs: int, outputs: int) -> Linear:
        weight = rng.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32)
        return Linear(weight, rng.normal(0, 0.3, outputs).astype(np.float32))

    def norm() -> Norm:
        return Norm(rng.normal(1, 0.1, 32).astype(np.float32), rng.normal(0, 0.1, 32).astype(np.float32))

    made = [
        Layer(linear(32, 96), linear(32, 32), norm(), linear(32, 64), linear(64, 32), norm()) for _ in range(layers)
    ]
    return norm(), made


def reference(embeddings: NDArray[np.float64], embedding_norm: Norm, layers: list[Layer]) -> NDArray[np.float64]:
    """BERT as its paper has it, in double precision, for one text: ``(tokens, hidden)``."""
    from math import erf

    def normalize(x: NDArray[np.float64], norm: Norm) -> NDArray[np.float64]:
        centred = x - x.mean(axis=1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + SHAPE.epsilon) * norm.scale + norm.shift

    gelu = np.vectorize(lambda x: x * 0.5 * (1 + erf(x / 2**0.5)))
    x = normalize(embeddings, embedding_norm)
    for layer in layers:
        joined = x @ layer.query_key_value.weight + layer.query_key_value.bias
        query, key, value = (part.reshape(len(x), 4, 8).swapaxes(0, 1) for part in np.split(joined, 3, axis=1))
        scores = query @ key.swapaxes(1, 2) / 8**0.5
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        context = (weights @ value).swapaxes(0, 1).reshape(len(x), 32)
        attended = context @ layer.attention_output.weight + layer.attention_output.bias
        x = normalize(x + attended, layer.attention_norm)
        wide = gelu(x @ layer.intermediate.weight + layer.intermediate.bias)
        x = normalize(x + wide @ layer.output.weight + layer.output.bias, layer.output_norm)
    return x


TABLE = np.random.default_rng(9).normal(size=(100, 32)).astype(np.float32)


def runner(path: Path, precision: Precision, threads: int = 1) -> GraphRunner:
    embedding_norm, layers = random_model()
    write_graph(path, SHAPE, embedding_norm, layers, precision)
    return GraphRunner(path, threads, lambda numbers, _: TABLE[numbers], begin=0, end=1, positions=40)


def letters(text: str) -> list[int]:
    return [ord(letter) - 95 for letter in text]


@pytest.mark.parametrize(("precision", "least"), [("fp32", 1 - 1e-6), ("int8", 0.999)])
def test_graph_computes_bert(tmp_path: Path, precision: Precision, least: float) -> None:
    embedding_norm, layers = random_model()
    run = runner(tmp_path / "model.onnx", precision)
    texts = ["plants", "a", "sugarfromlight", ""]
    for text, vector in zip(texts, run.encode(letters, texts, None), strict=True):
        states = reference(TABLE[[0, *letters(text), 1]].astype(np.float64), embedding_norm, layers)
        expected = states.mean(axis=0)
        assert vector @ (expected / np.linalg.norm(expected)) > least


def test_folding_changes_no_state() -> None:
    embedding_norm, layers = random_model()
    folded_norm, folded = fold_output_biases(embedding_norm, iter(layers))
    folded_layers = list(folded)
    x = TABLE[:7].astype(np.float64)
    np.testing.assert_allclose(
        reference(x, folded_norm, folded_layers), reference(x, embedding_norm, layers), atol=1e-4, rtol=0
    )
    assert not any(layer.attention_output.bias.any() or layer.output.bias.any() for layer in folded_layers)


def test_inner_layers_are_those_of_bert_but_for_a_constant(tmp_path: Path) -> None:
    embedding_norm, layers = random_model()
    write_graph(tmp_path / "model.onnx", SHAPE, embedding_norm, layers, "fp32", inner=(1,))
    run = GraphRunner(tmp_path / "model.onnx", 1, lambda numbers, _: TABLE[numbers], begin=0, end=1, positions=40)
    for text in ("plants", "sugarfromlight"):
        (row,) = run.encode(letters, [text], None, deep=True)
        states = reference(TABLE[[0, *letters(text), 1]].astype(np.float64), embedding_norm, layers[:1])
        expected = states.mean(axis=0) + layers[1].attention_output.bias  # carried by the residual
        np.testing.assert_allclose(row[32:], expected / np.linalg.norm(expected), rtol=0, atol=5e-4)
        np.testing.assert_array_equal(row[:32], run.encode(letters, [text], None)[0])
    assert inner_layers(12) == (3, 6, 9)
    assert inner_layers(1) == ()


def test_long_text_is_the_weighted_mean_of_its_windows(tmp_path: Path) -> None:
    run = runner(tmp_path / "model.onnx", "fp32")
    first, second = "abcdefgh" * 4 + "abcdef", "plants"  # 38 letters fill a window of 40
    means = []
    for text in (first, second):
        states = reference(TABLE[[0, *letters(text), 1]].astype(np.float64), *random_model())
        means.append(states.mean(axis=0))
    expected = (38 * means[0] + 6 * means[1]) / 44
    (vector,) = run.encode(letters, [first + second], None)
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 9), outlier=st.floats(0.01, 1000))
def test_no_pair_of_products_leaves_sixteen_bits(seed: int, rows: int, outlier: float) -> None:
    weight = np.random.default_rng(seed).normal(size=(rows, 5)).astype(np.float32)
    weight[seed % rows, seed % 5] *= outlier
    integers, scales = quantize(weight)
    wide = integers.astype(np.int64)
    assert 255 * np.abs(wide).max() <= 32767
    pairs = np.abs(wide[: rows - rows % 2]).reshape(-1, 2, 5).sum(axis=1)
    assert 255 * pairs.max(initial=0) <= 32767
    assert (np.abs(integers * scales - weight) <= scales * 0.5001).all()


def test_all_threads_give_the_same_vectors_for_many_texts(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    texts = ["".join(map(chr, rng.integers(97, 123, rng.integers(0, 90)))) for _ in range(1500)]
    one = runner(tmp_path / "one.onnx", "int8").encode(letters, texts, None)
    three = runner(tmp_path / "three.onnx", "int8", threads=3).encode(letters, texts, None)
    np.testing.assert_array_equal(one, three)
    some = [1499, 3, 700, 1024, 1023]
    alone = np.concatenate([runner(tmp_path / "one.onnx", "int8").encode(letters, [texts[at]], None) for at in some])
    np.testing.assert_array_equal(one[some], alone)
