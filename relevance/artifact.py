"""A trained gate as a folder: config.json, model.safetensors, card.md. Never pickle."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from encoders import Encoder, open_encoder
from relevance.background import LanguageBackground
from relevance.calibration import Calibration
from relevance.evidence import BASE_FEATURES
from relevance.gate import Gate, GateParts
from relevance.model import RelevanceModel
from relevance.space import Space

FORMAT = "answergate-gate/2"
BUNDLED = Path(__file__).parent / "bundled"


class ArtifactError(ValueError):
    """A gate's folder is missing, damaged, or made with another encoder."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class GateArtifact:
    """A gate's numbers with where they are from."""

    parts: GateParts
    encoder_name: str
    encoder_hash: str
    training: Mapping[str, Any] = field(default_factory=dict)
    """Settings, data hashes, seed, validation figures."""


def save_gate(artifact: GateArtifact, folder: str | os.PathLike[str], card: str) -> Path:
    """Write the folder whole (a temporary folder, then a rename); an older gate in its place is replaced."""
    config = {
        "format": FORMAT,
        "encoder": {"name": artifact.encoder_name, "hash": artifact.encoder_hash},
        "features": list(BASE_FEATURES),
        "calibration": asdict(artifact.parts.calibration),
        "training": dict(artifact.training),
    }
    return write_artifact_folder(folder, config, _tensors(artifact.parts), card)


def write_artifact_folder(
    folder: str | os.PathLike[str], config: Mapping[str, Any], tensors: dict[str, NDArray[Any]], card: str
) -> Path:
    """config.json, model.safetensors and card.md, all or none: a temporary folder, then a rename."""
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        save_file(tensors, temporary / "model.safetensors")
        text = json.dumps(config, indent=2, ensure_ascii=False, sort_keys=True)
        (temporary / "config.json").write_text(text + "\n", encoding="utf-8")
        (temporary / "card.md").write_text(card, encoding="utf-8")
        temporary.chmod(0o755)
        for file in temporary.iterdir():
            file.chmod(0o644)
        if folder.exists():
            shutil.rmtree(folder)
        temporary.replace(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return folder


def read_artifact_config(
    folder: str | os.PathLike[str], form: str, writer: str, error: type[ValueError]
) -> dict[str, Any]:
    """config.json of a folder that `write_artifact_folder` wrote, checked to be of a format.

    Args:
        folder: the artifact.
        form: what its `format` must be.
        writer: the command that writes such folders, for the message.
        error: raised, with what to do, when a file is missing, damaged or of another format.
    """
    folder = Path(folder)
    for name in ("config.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise error(f"{folder}: no {name}; give a folder that `answergate {writer}` wrote")
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError as problem:
        raise error(f"{folder / 'config.json'}: not JSON ({problem}); restore the folder") from problem
    config = config if isinstance(config, dict) else {}
    found = config.get("format")
    if found != form:
        raise error(f"{folder / 'config.json'}: format {found!r}, not {form}; run `answergate {writer}` again")
    return config


def read_gate(folder: str | os.PathLike[str]) -> GateArtifact:
    """Read a gate's folder.

    Raises:
        ArtifactError: a file is missing or damaged, or the folder is of another format or feature set.
    """
    folder = Path(folder)
    config = _config(folder)
    if tuple(config.get("features", ())) != BASE_FEATURES:
        raise ArtifactError(f"{folder / 'config.json'}: made for other features than this version's; train it again")
    try:
        tensors = load_file(folder / "model.safetensors")
        parts = GateParts(
            models=_models(tensors),
            space=Space(*(tensors[f"space.{column.name}"] for column in fields(Space))),
            background=LanguageBackground(
                *(tensors[f"background.{column.name}"] for column in fields(LanguageBackground))
            ),
            calibration=Calibration(**config["calibration"]),
        )
        return GateArtifact(parts, config["encoder"]["name"], config["encoder"]["hash"], config.get("training", {}))
    except Exception as error:
        # safetensors raises its own error class for a damaged file; every cause has the same remedy.
        raise ArtifactError(f"{folder}: not a usable gate ({error}); train it again or restore the folder") from error


def load_gate(folder: str | os.PathLike[str] | None = None, encoder: Encoder | None = None, threads: int = 1) -> Gate:
    """A gate ready to judge.

    Args:
        folder: the artifact's folder; None for the bundled gate.
        encoder: an encoder to use; by default the one named in the artifact, with `threads` threads and the user's
            store of vectors.

    Raises:
        ArtifactError: the folder is not a gate, or the encoder's content is not what the gate was trained with.
    """
    folder = BUNDLED if folder is None else Path(folder)
    artifact = read_gate(folder)
    if encoder is None:
        encoder = open_encoder(artifact.encoder_name, threads)
    if encoder.content_hash != artifact.encoder_hash:
        raise ArtifactError(
            f"{folder}: this gate was trained with encoder {artifact.encoder_name} ({artifact.encoder_hash[:12]}…), "
            f"not {encoder.name} ({encoder.content_hash[:12]}…); use that encoder or train a gate with this one"
        )
    return Gate(artifact.parts, encoder)


def gate_hash(folder: str | os.PathLike[str]) -> str:
    """SHA-256 over config.json and model.safetensors: what a report calls the gate by.

    Raises:
        ArtifactError: a file is missing.
    """
    digest = hashlib.sha256()
    _config(Path(folder))
    for name in ("config.json", "model.safetensors"):
        digest.update((Path(folder) / name).read_bytes())
    return digest.hexdigest()


def _config(folder: Path) -> dict[str, Any]:
    return read_artifact_config(folder, FORMAT, "relevance train", ArtifactError)


def _models(tensors: Mapping[str, NDArray[Any]]) -> tuple[RelevanceModel, ...]:
    prefixes = sorted({name.split(".")[0] for name in tensors if name.startswith("member")})
    return tuple(RelevanceModel.from_tensors(tensors, f"{prefix}.") for prefix in prefixes)


def _tensors(parts: GateParts) -> dict[str, NDArray[Any]]:
    members: dict[str, NDArray[Any]] = {}
    for number, model in enumerate(parts.models):
        members.update(model.tensors(f"member{number}."))
    return {
        **members,
        **{f"space.{column.name}": getattr(parts.space, column.name) for column in fields(Space)},
        **{
            f"background.{column.name}": getattr(parts.background, column.name) for column in fields(LanguageBackground)
        },
    }
