"""Finds the parts of a BERT-shaped model among the tensors of a Hugging Face checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.base import EncoderUnavailable
from encoders.bert_layers import Layer, Linear, Matrix, Norm, Shape
from encoders.graph import ACTIVATIONS

_WORDS = "embeddings.word_embeddings.weight"
_ROBERTA = {"roberta", "xlm-roberta", "camembert"}
_SUPPORTED = {"bert", *_ROBERTA}


@dataclass(frozen=True)
class BertWeights:
    """A checkpoint's parts.

    Attributes:
        words: embedding of each token, ``(vocabulary, hidden)``, on the disk.
        positions: embedding of each position plus that of the first token type, ``(longest, hidden)``.
        embedding_norm: normalization of their sum.
    """

    shape: Shape
    words: NDArray[np.generic]
    positions: Matrix
    embedding_norm: Norm
    _tensors: Mapping[str, NDArray[np.generic]]
    _start: str
    layer_count: int

    @property
    def longest(self) -> int:
        """The most tokens of a window, begin and end marks included."""
        return len(self.positions)

    def layers(self) -> Iterator[Layer]:
        """The transformer layers, one at a time, as float32."""
        for number in range(self.layer_count):
            here = f"encoder.layer.{number}."
            own = [self._linear(f"{here}attention.self.{part}") for part in ("query", "key", "value")]
            joined = Linear(
                np.concatenate([part.weight for part in own], axis=1),
                np.concatenate([part.bias for part in own]),
            )
            yield Layer(
                query_key_value=joined,
                attention_output=self._linear(f"{here}attention.output.dense"),
                attention_norm=_norm(self._tensors, f"{self._start}{here}attention.output.LayerNorm"),
                intermediate=self._linear(f"{here}intermediate.dense"),
                output=self._linear(f"{here}output.dense"),
                output_norm=_norm(self._tensors, f"{self._start}{here}output.LayerNorm"),
            )

    def _linear(self, name: str) -> Linear:
        weight = self._tensors[f"{self._start}{name}.weight"].astype(np.float32)
        return Linear(weight.T, self._tensors[f"{self._start}{name}.bias"].astype(np.float32))


def read_bert_weights(
    folder: Path, config: Mapping[str, Any], tensors: Mapping[str, NDArray[np.generic]]
) -> BertWeights:
    """Find the parts of a model.

    Args:
        folder: where it is from, for messages.
        config: its ``config.json``.
        tensors: its tensors by name, with or without a prefix such as ``bert.``.

    Raises:
        EncoderUnavailable: the model is not BERT-shaped.
    """
    kind = config.get("model_type")
    activation = config.get("hidden_act", "gelu")
    if kind not in _SUPPORTED:
        raise EncoderUnavailable(
            f"{folder}: model type {kind!r} is not supported; choose one of {', '.join(sorted(_SUPPORTED))}"
        )
    if activation not in ACTIVATIONS or config.get("position_embedding_type", "absolute") != "absolute":
        raise EncoderUnavailable(
            f"{folder}: activation {activation!r} with {config.get('position_embedding_type', 'absolute')} positions "
            f"is not supported; choose a model with absolute positions and one of {', '.join(ACTIVATIONS)}"
        )
    start = next((name.removesuffix(_WORDS) for name in tensors if name.endswith(_WORDS)), None)
    if start is None:
        raise EncoderUnavailable(f"{folder}: its weights have no {_WORDS}; choose a BERT-shaped model")
    positions = tensors[f"{start}embeddings.position_embeddings.weight"].astype(np.float32)
    if kind in _ROBERTA:  # their positions are counted from the padding token's number plus one
        positions = positions[int(config.get("pad_token_id", 1)) + 1 :]
    types = f"{start}embeddings.token_type_embeddings.weight"
    if types in tensors:
        positions = positions + tensors[types][0].astype(np.float32)
    shape = Shape(
        int(config["hidden_size"]),
        int(config["num_attention_heads"]),
        float(config.get("layer_norm_eps", 1e-12)),
        activation,
    )
    norm = _norm(tensors, f"{start}embeddings.LayerNorm")
    layers = int(config["num_hidden_layers"])
    return BertWeights(shape, tensors[start + _WORDS], positions, norm, tensors, start, layers)


def _norm(tensors: Mapping[str, NDArray[np.generic]], name: str) -> Norm:
    # Checkpoints converted from TensorFlow call the two gamma and beta.
    scale, shift = ("weight", "bias") if f"{name}.weight" in tensors else ("gamma", "beta")
    return Norm(tensors[f"{name}.{scale}"].astype(np.float32), tensors[f"{name}.{shift}"].astype(np.float32))
