"""Train a scorer: rows in, an artifact's content out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encoders.cache import file_digest
from encoders.hugging_face import find_model
from grader.errors import UsageError
from grader.levels import Floats, GradeScale
from grader.peft.config import ScorerConfig
from grader.peft.data import RowReader, ScoringRow
from grader.peft.loop import Progress, Report, Schedule, run_training
from grader.peft.model import HEAD, build_scorer_network, trained_parameters

VALIDATION_SHARE = 0.1
PREDICT_BATCH = 32
FEWEST_ROWS = 8


@dataclass(frozen=True)
class TrainedScorer:
    """A network with what grading needs. `deviation` is the typical error of a share on held-out answers."""

    config: ScorerConfig
    network: Any
    reader: RowReader
    deviation: float
    base_hash: str
    progress: Progress

    def outputs(self, rows: Sequence[ScoringRow]) -> Floats:
        """(n, outputs) of the head: a share, or probabilities of the classes. A row's do not depend on the others."""
        import torch

        ids = [self.reader.ids(row) for row in rows]
        parts: Floats = np.zeros((len(rows), self.config.outputs))
        # Padding changes the last bits of a sum; rows of one length share a batch and need none.
        by_length = sorted(range(len(ids)), key=lambda row: len(ids[row]["input_ids"]))
        self.network.eval()
        with torch.inference_mode():
            for start in range(0, len(ids), PREDICT_BATCH):
                chosen = by_length[start : start + PREDICT_BATCH]
                inputs = self.reader.batch([ids[row] for row in chosen]).to(self.network.head.weight.device)
                parts[chosen] = activate(self.network(inputs), self.config).cpu().numpy()
        return parts

    def shares(self, rows: Sequence[ScoringRow]) -> Floats:
        """(n,) expected grade / max grade."""
        return expected_shares(self.outputs(rows), self.config)


def activate(logits: Any, config: ScorerConfig) -> Any:
    """Head outputs as a share in 0 … 1, or as probabilities."""
    import torch

    return torch.sigmoid(logits) if config.head == "regression" else torch.softmax(logits, dim=1)


def expected_shares(outputs: Floats, config: ScorerConfig) -> Floats:
    """(n,) from (n, outputs)."""
    if config.head == "regression":
        return outputs[:, 0]
    return outputs @ np.linspace(0.0, 1.0, config.classes)


def base_hash(folder: Path) -> str:
    """Digest of the base model's weights, configuration and tokenizer."""
    names = sorted(path for path in folder.iterdir() if path.suffix in (".safetensors", ".json", ".txt"))
    weights = [path for path in names if path.suffix == ".safetensors"]
    if not weights:
        raise UsageError(f"{folder}: there is no model.safetensors; save the model with save_pretrained")
    chosen = [*weights, *(folder / name for name in ("config.json", "tokenizer.json") if (folder / name).is_file())]
    return hashlib.sha256("".join(file_digest(path) for path in chosen).encode()).hexdigest()


def open_scorer(
    folder: Path, config: ScorerConfig, deviation: float, progress: Progress | None = None
) -> TrainedScorer:
    """An untrained scorer over the model in `folder`."""
    from transformers import AutoTokenizer

    network = build_scorer_network(folder, config)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    reader = RowReader(tokenizer, config.max_length, network.decoder)
    return TrainedScorer(config, network, reader, deviation, base_hash(folder), progress or Progress())


def train_scorer(
    rows: Sequence[ScoringRow],
    config: ScorerConfig,
    work: Path,
    report: Report | None = None,
    seconds: float | None = None,
) -> TrainedScorer:
    """Train on graded rows; a tenth of them is held out for early stopping and for the typical error.

    Args:
        work: folder of the checkpoint. Calling again with the same arguments continues, or returns at once when done.
        seconds: pause after so long.

    Raises:
        UsageError: too few rows, rows without a grade, or a method that cannot run here.
        TrainingPausedError: see `run_training`.
    """
    if len(rows) < FEWEST_ROWS or any(row.share is None for row in rows):
        raise UsageError(f"{len(rows)} rows; training needs at least {FEWEST_ROWS}, all of them graded")
    scorer = open_scorer(find_model(config.base), config, deviation=1.0)
    order = np.random.default_rng(config.seed).permutation(len(rows))
    held = max(2, round(VALIDATION_SHARE * len(rows)))
    training, validation = [rows[row] for row in order[held:]], [rows[row] for row in order[:held]]
    kind = _FrozenTask if config.method == "frozen" else _ScorerTask
    schedule = Schedule(config.epochs, config.batch, config.seed, config.warmup, config.patience, seconds=seconds)
    progress = run_training(kind(scorer, training, validation), schedule, work, report)
    return TrainedScorer(
        config, scorer.network, scorer.reader, max(0.02, progress.best or 0.0), scorer.base_hash, progress
    )


class _ScorerTask:
    """The scorer as the loop trains it."""

    def __init__(self, scorer: TrainedScorer, training: Sequence[ScoringRow], validation: Sequence[ScoringRow]) -> None:
        import torch

        self.scorer = scorer
        self.validation_rows = list(validation)
        self.ids = [scorer.reader.ids(row) for row in training]
        shares = np.array([row.share for row in training], dtype=np.float64)
        self.truth = np.array([row.share for row in validation], dtype=np.float64)
        self.targets = torch.from_numpy(_targets(shares, scorer.config)).float()
        content = json.dumps(
            [scorer.config.as_json(), scorer.base_hash, shares.tolist(), [ids["input_ids"] for ids in self.ids]]
        )
        self.identity = hashlib.sha256(content.encode()).hexdigest()

    def groups(self) -> list[tuple[dict[str, Any], float]]:
        named = trained_parameters(self.scorer.network)
        head = {name: value for name, value in named.items() if name.startswith(HEAD)}
        body = {name: value for name, value in named.items() if not name.startswith(HEAD)}
        config = self.scorer.config
        return [(body, config.model_rate), (head, config.head_rate)]

    def lengths(self) -> list[int]:
        return [len(ids["input_ids"]) for ids in self.ids]

    def loss(self, rows: Sequence[int]) -> Any:
        return self._loss(self.scorer.network(self._inputs(rows)), rows)

    def validation(self) -> float:
        """Root mean squared error of the share."""
        return float(np.sqrt(((self.scorer.shares(self.validation_rows) - self.truth) ** 2).mean()))

    def train(self, mode: bool) -> None:
        self.scorer.network.train(mode)

    def _inputs(self, rows: Sequence[int]) -> Any:
        device = self.scorer.network.head.weight.device
        return self.scorer.reader.batch([self.ids[row] for row in rows]).to(device)

    def _loss(self, logits: Any, rows: Sequence[int]) -> Any:
        import torch

        targets = self.targets[list(rows)].to(logits.device)
        if self.scorer.config.head == "regression":
            return ((torch.sigmoid(logits) - targets) ** 2).mean()
        return torch.nn.functional.cross_entropy(logits, targets)


class _FrozenTask(_ScorerTask):
    """Only the head learns, so the pooled states are computed once."""

    def __init__(self, scorer: TrainedScorer, training: Sequence[ScoringRow], validation: Sequence[ScoringRow]) -> None:
        super().__init__(scorer, training, validation)
        self.features = self._features(self.ids)
        self.validation_features = self._features([scorer.reader.ids(row) for row in validation])

    def _features(self, ids: Sequence[dict[str, list[int]]]) -> Any:
        import torch

        self.scorer.network.eval()
        device = self.scorer.network.head.weight.device
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]["input_ids"]))
        found: list[Any] = [None] * len(ids)
        with torch.no_grad():
            for start in range(0, len(ids), PREDICT_BATCH):
                chosen = order[start : start + PREDICT_BATCH]
                pooled = self.scorer.network.pooled(self.scorer.reader.batch([ids[row] for row in chosen]).to(device))
                for row, vector in zip(chosen, pooled, strict=True):
                    found[row] = vector
        return torch.stack(found)

    def loss(self, rows: Sequence[int]) -> Any:
        return self._loss(self.scorer.network.head(self.features[list(rows)]), rows)

    def validation(self) -> float:
        import torch

        with torch.no_grad():
            outputs = activate(self.scorer.network.head(self.validation_features), self.scorer.config)
        shares = expected_shares(outputs.cpu().numpy().astype(np.float64), self.scorer.config)
        return float(np.sqrt(((shares - self.truth) ** 2).mean()))


def _targets(shares: Floats, config: ScorerConfig) -> Floats:
    """(n, outputs): the share, or a distribution over the classes with the share as its mean."""
    if config.head == "regression":
        return shares[:, None]
    return GradeScale(1.0, config.classes - 1).targets(shares)
