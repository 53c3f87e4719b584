"""A learned prior as a folder: config.json, model.safetensors, card.md. Never pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from safetensors.numpy import load_file

from grader.answers import SIGNALS
from grader.prior import GraderPrior
from relevance.artifact import read_artifact_config, write_artifact_folder

if TYPE_CHECKING:
    from encoders import Encoder

FORMAT = "answergate-grader/1"
BUNDLED = Path(__file__).parent / "bundled"


class ArtifactError(ValueError):
    """A prior's folder is missing, damaged, or made with another encoder."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class PriorArtifact:
    """A prior with where it is from."""

    prior: GraderPrior
    encoder_name: str
    encoder_hash: str
    training: Mapping[str, Any] = field(default_factory=dict)
    """Settings, data hashes, seed, validation figures."""


def save_prior(artifact: PriorArtifact, folder: str | os.PathLike[str], card: str) -> Path:
    """Write the folder whole (a temporary folder, then a rename); an older prior in its place is replaced."""
    prior = artifact.prior
    tensors = {**prior.learned(), "typical_spread": prior.typical_spread, "typical_deviation": prior.typical_deviation}
    config = {
        "format": FORMAT,
        "encoder": {"name": artifact.encoder_name, "hash": artifact.encoder_hash},
        "signals": list(SIGNALS),
        "stretch": prior.stretch,
        "training": dict(artifact.training),
    }
    contiguous = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    return write_artifact_folder(folder, config, contiguous, card)


def read_prior(folder: str | os.PathLike[str]) -> PriorArtifact:
    """Read a prior's folder.

    Raises:
        ArtifactError: a file is missing or damaged, or the folder is of another format or set of signals.
    """
    folder = Path(folder)
    config = read_artifact_config(folder, FORMAT, "grader meta-train", ArtifactError)
    if tuple(config.get("signals", ())) != SIGNALS:
        raise ArtifactError(
            f"{folder / 'config.json'}: made for other signals than this version's; meta-train it again"
        )
    try:
        tensors = load_file(folder / "model.safetensors")
        prior = GraderPrior(**tensors, stretch=float(config["stretch"]))
        encoder = config["encoder"]
        return PriorArtifact(prior, encoder["name"], encoder["hash"], config.get("training", {}))
    except Exception as error:
        # safetensors raises its own error class for a damaged file; every cause has the same remedy.
        raise ArtifactError(f"{folder}: not a usable prior ({error}); meta-train it again") from error


def load_prior(folder: str | os.PathLike[str], encoder: Encoder) -> GraderPrior:
    """The prior of a folder, for answers encoded with `encoder`.

    Raises:
        ArtifactError: the folder is not a prior, or the encoder's content is not what it was trained with.
    """
    artifact = read_prior(folder)
    if encoder.content_hash != artifact.encoder_hash:
        raise ArtifactError(
            f"{folder}: this prior was trained with encoder {artifact.encoder_name} ({artifact.encoder_hash[:12]}…), "
            f"not {encoder.name} ({encoder.content_hash[:12]}…); use that encoder or meta-train with this one"
        )
    return artifact.prior


def bundled_prior(encoder: Encoder) -> GraderPrior:
    """The bundled prior where it was trained with this encoder; otherwise the one that no data taught."""
    if not (BUNDLED / "config.json").is_file():
        return GraderPrior()
    artifact = read_prior(BUNDLED)
    return artifact.prior if artifact.encoder_hash == encoder.content_hash else GraderPrior()
