"""The parts of a BERT-shaped model, whatever file they were read from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Linear:
    """``x @ weight + bias``: weight is ``(inputs, outputs)``, bias ``(outputs,)``."""

    weight: Matrix
    bias: Matrix


@dataclass(frozen=True)
class Norm:
    """Scale and shift of a layer normalization, each ``(hidden,)``."""

    scale: Matrix
    shift: Matrix


@dataclass(frozen=True)
class Layer:
    """One transformer layer, normalized after each of its halves as BERT is; query, key and value are side by side."""

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


def fold_output_biases(embedding_norm: Norm, layers: Iterable[Layer]) -> tuple[Norm, Iterator[Layer]]:
    """The same model with fewer additions: no bias after either half of a layer, and none of the keys.

    The bias of each half's last product joins the shift of the normalization before that half, and the residual carries
    it to the sum; the products in between, which see it too, have it taken out of their biases. A bias of the keys adds
    the same to all of a token's attention scores, which the softmax takes out again.
    """
    remaining = iter(layers)
    first = next(remaining)

    def folded() -> Iterator[Layer]:
        for layer, following in pairwise(chain([first], remaining, [None])):
            assert layer is not None
            attention, output = layer.attention_output, layer.output
            joined = _without(layer.query_key_value, attention.bias)
            third = len(joined.bias) // 3
            joined.bias[third : 2 * third] = 0
            yield Layer(
                query_key_value=joined,
                attention_output=Linear(attention.weight, np.zeros_like(attention.bias)),
                attention_norm=_shifted(layer.attention_norm, output.bias),
                intermediate=_without(layer.intermediate, output.bias),
                output=Linear(output.weight, np.zeros_like(output.bias)),
                output_norm=_shifted(layer.output_norm, following.attention_output.bias if following else None),
            )

    return _shifted(embedding_norm, first.attention_output.bias), folded()


def _shifted(norm: Norm, bias: Matrix | None) -> Norm:
    return norm if bias is None else Norm(norm.scale, norm.shift + bias)


def _without(linear: Linear, carried: Matrix) -> Linear:
    """The product whose input has ``carried`` added to it, and whose output has nothing of it."""
    return Linear(linear.weight, linear.bias - carried @ linear.weight)
