"""A trained scorer as a folder: config.json, model.safetensors (adapter and head, not the model), card.md."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from encoders.hugging_face import find_model
from grader.artifact import ArtifactError
from grader.peft.config import ScorerConfig
from grader.peft.model import trained_parameters
from grader.peft.training import TrainedScorer, base_hash, open_scorer
from relevance.artifact import write_artifact_folder

FORMAT = "answergate-peft/1"
MERGED = "backbone"


def save_scorer(scorer: TrainedScorer, folder: str | os.PathLike[str], training: Mapping[str, Any]) -> Path:
    """Write what was trained; `training` says on what. A folder in its place is replaced."""
    tensors = {
        name: value.detach().cpu().contiguous().numpy() for name, value in trained_parameters(scorer.network).items()
    }
    count = sum(value.size for value in tensors.values())
    config = {
        "format": FORMAT,
        "scorer": scorer.config.as_json(),
        "base_hash": scorer.base_hash,
        "deviation": scorer.deviation,
        "trained_parameters": count,
        "training": {**training, "history": scorer.progress.history, "seconds": round(scorer.progress.seconds, 1)},
    }
    return write_artifact_folder(folder, config, tensors, _card(scorer, count, training))


def load_scorer(folder: str | os.PathLike[str], base: str | None = None) -> TrainedScorer:
    """A scorer ready to grade.

    Args:
        base: the base model's folder or name, where it is not the one that the artifact names.

    Raises:
        ArtifactError: not a scorer's folder, damaged, or the base model is not the one it was trained on.
        UsageError: the artifact is 4-bit and there is no GPU.
    """
    import torch
    from safetensors.torch import load_file

    folder = Path(folder)
    try:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{folder}: no readable config.json ({error}); name what `peft-train` wrote") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ArtifactError(f"{folder / 'config.json'}: not of format {FORMAT}; train it again")
    config = ScorerConfig.of(content["scorer"])
    if base is not None:
        config = dataclasses.replace(config, base=base)
    inside = folder / config.base
    scorer = open_scorer(inside if inside.is_dir() else find_model(config.base), config, content["deviation"])
    if scorer.base_hash != content["base_hash"]:
        raise ArtifactError(
            f"{folder}: trained on another model than {config.base} holds now "
            f"({content['base_hash'][:12]}…, not {scorer.base_hash[:12]}…); give that one with --base"
        )
    try:
        tensors = load_file(folder / "model.safetensors")
    except Exception as error:
        # safetensors raises its own error class for a damaged file; every cause has the same remedy.
        raise ArtifactError(f"{folder / 'model.safetensors'}: {error}; restore the folder or train it again") from error
    named = trained_parameters(scorer.network)
    if set(tensors) != set(named):
        raise ArtifactError(f"{folder}: its weights do not fit {config.base}; train it again")
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(tensors[name])
    return scorer


def merge_scorer(folder: str | os.PathLike[str], out: str | os.PathLike[str], base: str | None = None) -> Path:
    """Write a scorer with the adapters added into the model's own weights: faster, and no peft is needed to load it.

    The model goes to `out/backbone`, whole, in the Hugging Face layout.

    Raises:
        ArtifactError: see `load_scorer`; or the scorer has no adapters.
    """
    scorer = load_scorer(folder, base)
    if scorer.config.method != "lora":
        raise ArtifactError(f"{folder}: method {scorer.config.method} has no adapters that could be merged here")
    training = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))["training"]
    merged = scorer.network.backbone.merge_and_unload()
    merged.requires_grad_(False)
    scorer.network.backbone = merged
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
        backbone = Path(temporary) / MERGED
        merged.save_pretrained(backbone)
        scorer.reader.tokenizer.save_pretrained(backbone)
        config = dataclasses.replace(scorer.config, method="frozen", base=MERGED)
        save_scorer(dataclasses.replace(scorer, config=config, base_hash=base_hash(backbone)), out, training)
        backbone.replace(out / MERGED)
    return out


def _card(scorer: TrainedScorer, count: int, training: Mapping[str, Any]) -> str:
    config = scorer.config
    epochs = "\n".join(
        f"| {number} | {epoch['loss']:.4f} | {epoch['validation']:.4f} |"
        for number, epoch in enumerate(scorer.progress.history, 1)
    )
    facts = "\n".join(f"- {name}: {value}" for name, value in training.items() if name != "history")
    return f"""# Scorer: {config.method}, {config.head} head

Grades answers of the questions it was trained on, and of others less well. Base model: `{config.base}` (hash
{scorer.base_hash[:16]}…), which is not in this folder; its own licence applies. {count:,} numbers were trained.

{facts}

| epoch | loss | validation error (share of the highest grade) |
|---|---|---|
{epochs}

It takes every text for an honest answer: put a gate before it. The grades are proposals for a teacher.
"""
