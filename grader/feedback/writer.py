"""A language model that writes feedback: LoRA on any causal or sequence-to-sequence model, trained like the scorers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from encoders.hugging_face import find_model
from grader.artifact import ArtifactError
from grader.errors import UsageError
from grader.feedback.data import FeedbackRow, prompt_of
from grader.peft.loop import Progress, Report, Schedule, run_training
from grader.peft.model import check_four_bit, trained_parameters, with_adapters
from grader.peft.training import base_hash
from relevance.artifact import write_artifact_folder

FORMAT = "answergate-feedback/1"
IGNORED = -100
VALIDATION_SHARE = 0.05


@dataclass(frozen=True)
class WriterConfig:
    """Settings of model and training. `method` "full" trains every weight: for a small model made here."""

    base: str
    method: Literal["lora", "qlora", "full"] = "lora"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    targets: tuple[str, ...] = ()
    prompt_tokens: int = 320
    reply_tokens: int = 80
    epochs: int = 3
    batch: int = 8
    rate: float = 1e-3
    warmup: float = 0.05
    patience: int = 2
    seed: int = 0


@dataclass(frozen=True)
class FeedbackWriter:
    """A model that writes feedback."""

    config: WriterConfig
    network: Any
    tokenizer: Any
    base_hash: str
    progress: Progress

    @property
    def sequence_to_sequence(self) -> bool:
        """Whether an encoder reads the prompt."""
        return bool(self.network.config.is_encoder_decoder)

    def write(self, rows: Sequence[FeedbackRow]) -> list[str]:
        """Feedback for every row, by greedy search; it depends on the row alone."""
        import torch

        self.network.eval()
        device = next(self.network.parameters()).device
        written = []
        with torch.inference_mode():
            for row in rows:
                ids = torch.tensor([self.prompt_ids(row)], device=device)
                made = self.network.generate(
                    input_ids=ids,
                    attention_mask=torch.ones_like(ids),
                    max_new_tokens=self.config.reply_tokens,
                    do_sample=False,
                    pad_token_id=self.tokenizer.pad_token_id,
                    eos_token_id=self.tokenizer.eos_token_id,
                )[0]
                reply = made if self.sequence_to_sequence else made[ids.shape[1] :]
                written.append(self.tokenizer.decode(reply, skip_special_tokens=True).strip())
        return written

    def prompt_ids(self, row: FeedbackRow) -> list[int]:
        """Tokens of the prompt."""
        prompt = prompt_of(row, self.tokenizer, self.config.prompt_tokens)
        ids: list[int] = self.tokenizer(prompt, truncation=True, max_length=self.config.prompt_tokens)["input_ids"]
        return ids


def open_writer(folder: Path, config: WriterConfig) -> FeedbackWriter:
    """An untrained writer over the model in `folder`.

    Raises:
        UsageError: `qlora` without a GPU, or adapters fit no layer.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    options: dict[str, Any] = {"dtype": torch.float32}
    if config.method == "qlora":
        check_four_bit()
        from transformers import BitsAndBytesConfig

        options = {"quantization_config": BitsAndBytesConfig(load_in_4bit=True), "device_map": {"": 0}}
    shape = AutoConfig.from_pretrained(folder)
    kind = AutoModelForSeq2SeqLM if shape.is_encoder_decoder else AutoModelForCausalLM
    network: Any = kind.from_pretrained(folder, **options)
    if config.method != "full":
        network = with_adapters(network, config)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return FeedbackWriter(config, network, tokenizer, base_hash(folder), Progress())


def train_writer(
    rows: Sequence[FeedbackRow],
    config: WriterConfig,
    work: Path,
    report: Report | None = None,
    seconds: float | None = None,
) -> FeedbackWriter:
    """Train on rows with feedback; killed or paused, the same call continues (see `grader.peft.loop`).

    Raises:
        UsageError: rows without feedback, or a method that cannot run here.
        TrainingPausedError: `seconds` are over.
    """
    if len(rows) < 8 or any(not row.feedback for row in rows):
        raise UsageError(f"{len(rows)} rows; training needs at least 8, all of them with feedback")
    writer = open_writer(find_model(config.base), config)
    end = writer.tokenizer.eos_token_id
    pairs = []
    for row in rows:
        reply = writer.tokenizer(row.feedback, add_special_tokens=False)["input_ids"][: config.reply_tokens - 1]
        pairs.append((writer.prompt_ids(row), [*reply, end]))
    return _trained(writer, pairs, work, report, seconds)


def pretrain(
    texts: Sequence[str],
    config: WriterConfig,
    out: str | os.PathLike[str],
    work: Path,
    report: Report | None = None,
    seconds: float | None = None,
    base: Path | None = None,
) -> Path:
    """Teach a small model (`build_small_model`) to continue texts and write it, whole, to `out`.

    Args:
        base: folder of the model, by default `config.base`.
    """
    writer = open_writer(base or find_model(config.base), dataclasses.replace(config, method="full"))
    end = writer.tokenizer.eos_token_id
    encoded = [writer.tokenizer(text, truncation=True, max_length=config.prompt_tokens)["input_ids"] for text in texts]
    trained = _trained(writer, [([], [*ids, end]) for ids in encoded], work, report, seconds)
    trained.network.save_pretrained(out)
    trained.tokenizer.save_pretrained(out)
    return Path(out)


def _trained(
    writer: FeedbackWriter,
    pairs: Sequence[tuple[list[int], list[int]]],
    work: Path,
    report: Report | None,
    seconds: float | None,
) -> FeedbackWriter:
    config = writer.config
    schedule = Schedule(config.epochs, config.batch, config.seed, config.warmup, config.patience, seconds=seconds)
    order = np.random.default_rng(config.seed).permutation(len(pairs))
    held = max(2, round(VALIDATION_SHARE * len(pairs)))
    task = _WriterTask(writer, [pairs[row] for row in order[held:]], [pairs[row] for row in order[:held]])
    return dataclasses.replace(writer, progress=run_training(task, schedule, work, report))


class _WriterTask:
    """Cross-entropy of the reply's tokens, as the loop trains it."""

    def __init__(
        self,
        writer: FeedbackWriter,
        training: Sequence[tuple[list[int], list[int]]],
        validation: Sequence[tuple[list[int], list[int]]],
    ) -> None:
        self.writer, self.training, self.validation_pairs = writer, list(training), list(validation)
        content = json.dumps([dataclasses.asdict(writer.config), writer.base_hash, self.training])
        self.identity = hashlib.sha256(content.encode()).hexdigest()

    def groups(self) -> list[tuple[dict[str, Any], float]]:
        return [(trained_parameters(self.writer.network), self.writer.config.rate)]

    def lengths(self) -> list[int]:
        return [len(prompt) + len(reply) for prompt, reply in self.training]

    def loss(self, rows: Sequence[int]) -> Any:
        return self._loss([self.training[row] for row in rows])

    def validation(self) -> float:
        """Mean cross-entropy per token of held-out replies."""
        import torch

        total = count = 0.0
        with torch.no_grad():
            for start in range(0, len(self.validation_pairs), 8):
                pairs = self.validation_pairs[start : start + 8]
                tokens = sum(len(reply) for _, reply in pairs)
                total += float(self._loss(pairs)) * tokens
                count += tokens
        return total / count

    def train(self, mode: bool) -> None:
        self.writer.network.train(mode)

    def _loss(self, pairs: Sequence[tuple[list[int], list[int]]]) -> Any:
        import torch

        device = next(self.writer.network.parameters()).device
        pad = self.writer.tokenizer.pad_token_id
        if self.writer.sequence_to_sequence:
            inputs, labels = [prompt for prompt, _ in pairs], [reply for _, reply in pairs]
        else:
            inputs = [prompt + reply for prompt, reply in pairs]
            labels = [[IGNORED] * len(prompt) + reply for prompt, reply in pairs]
        ids = torch.tensor(_padded(inputs, pad), device=device)
        mask = torch.tensor(_padded([[1] * len(row) for row in inputs], 0), device=device)
        wanted = torch.tensor(_padded(labels, IGNORED), device=device)
        return self.writer.network(input_ids=ids, attention_mask=mask, labels=wanted).loss


def save_writer(writer: FeedbackWriter, folder: str | os.PathLike[str], training: dict[str, Any]) -> Path:
    """Write what was trained: adapters alone, unless the method is `full`."""
    tensors = {
        name: value.detach().cpu().contiguous().numpy() for name, value in trained_parameters(writer.network).items()
    }
    config = {
        "format": FORMAT,
        "writer": dataclasses.asdict(writer.config),
        "base_hash": writer.base_hash,
        "training": {**training, "history": writer.progress.history},
    }
    facts = "\n".join(f"- {name}: {value}" for name, value in training.items())
    card = f"""# Feedback writer ({writer.config.method})

Writes feedback from question, answer, reference and predicted grade. Base model: `{writer.config.base}` (hash
{writer.base_hash[:16]}…), which is not in this folder; its own licence applies.

{facts}

What it writes can be wrong although it sounds right: a teacher should read it before a student does.
"""
    return write_artifact_folder(folder, config, tensors, card)


def load_writer(folder: str | os.PathLike[str], base: str | None = None) -> FeedbackWriter:
    """A writer ready to write.

    Raises:
        ArtifactError: not a writer's folder, damaged, or the base model is not the one it was trained on.
    """
    import torch
    from safetensors.torch import load_file

    folder = Path(folder)
    try:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, not {FORMAT}")
        tensors = load_file(folder / "model.safetensors")
    except Exception as error:
        # safetensors raises its own error class for a damaged file; every cause has the same remedy.
        raise ArtifactError(f"{folder}: not a feedback writer ({error}); name what `feedback-train` wrote") from error
    settings = {**content["writer"], "targets": tuple(content["writer"]["targets"])}
    config = WriterConfig(**{**settings, "base": base or settings["base"]})
    writer = open_writer(find_model(config.base), config)
    named = trained_parameters(writer.network)
    if writer.base_hash != content["base_hash"] or set(tensors) != set(named):
        raise ArtifactError(
            f"{folder}: trained on another model than {config.base} holds now; give that one with --model"
        )
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(tensors[name])
    return writer


def _padded(rows: Sequence[Sequence[int]], filler: int) -> list[list[int]]:
    width = max(len(row) for row in rows)
    return [[*row, *[filler] * (width - len(row))] for row in rows]
