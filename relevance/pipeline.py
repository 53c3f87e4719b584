"""From questions to a trained, calibrated gate.

Calibration is cross-fitted: every question is scored by models that were trained on the other folds, with language
counts of the other folds, so that the threshold is set on questions never trained on and no question is wasted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders import Encoder
from relevance.background import LanguageBackground
from relevance.calibration import calibrate, expected_calibration_error
from relevance.corpus import GateQuestion
from relevance.episodes import SUPPORT_SIZES, EpisodeTable, Prepared, build_episodes, concatenate, prepare_questions
from relevance.folds import assign_folds
from relevance.gate import GateParts
from relevance.metrics import rejection_objective
from relevance.model import RelevanceModel, mean_logits
from relevance.space import Space
from relevance.training import TrainingConfig, train_model


@dataclass(frozen=True)
class GateTrainingData:
    """Episodes ready to train on. `fold` (n,) is the fold of each row's question."""

    table: EpisodeTable
    fold: NDArray[np.int64]
    space: Space
    background: LanguageBackground
    content_hash: str
    """SHA-256 of all texts, grades and kinds the data was made of."""

    def held_out(self, fold: int) -> tuple[EpisodeTable, EpisodeTable]:
        """(rows of the other folds, rows of this fold)."""
        return self.table.take(self.fold != fold), self.table.take(self.fold == fold)


@dataclass(frozen=True)
class TrainedGate:
    """A gate's numbers with the cross-fitted logits behind its calibration.

    `fold_models`: fold -> the networks that never saw it, which gave its rows their logits.
    """

    parts: GateParts
    fold_models: dict[int, tuple[RelevanceModel, ...]]
    out_of_fold: NDArray[np.float32]
    objective: float
    calibration_error: float
    config: TrainingConfig


def make_training_data(
    items: Sequence[GateQuestion],
    encoder: Encoder,
    seed: int,
    folds: int = 5,
    sizes: Sequence[int] = SUPPORT_SIZES,
) -> GateTrainingData:
    """Encode all texts and build every question's episodes.

    Raises:
        ValueError: too few questions for the folds.
    """
    fold_of_question = assign_folds(items, folds, seed)
    prepared = prepare_questions(items, encoder)
    space = Space.fit(
        np.array([item.question_row for item in prepared]),
        [item.rows[item.answer_rows] for item in prepared],
        [item.item.question.language for item in prepared],
        encoder.dimension,
    )
    tables = []
    for fold in range(folds):
        inside = np.flatnonzero(fold_of_question == fold)
        # Counts that hold a question's own answers would make them look more ordinary than new ones ever will.
        background = fit_background(
            [item for item, other in zip(prepared, fold_of_question, strict=True) if other != fold]
        )
        tables.append(build_episodes(prepared, space, background, seed, sizes, only=inside.tolist()))
    table = concatenate(tables)
    return GateTrainingData(
        table=table,
        fold=fold_of_question[table.question],
        space=space,
        background=fit_background(prepared),
        content_hash=content_hash(items),
    )


def fit_background(prepared: Sequence[Prepared]) -> LanguageBackground:
    """Language counts of the questions and of every honest answer to them."""
    questions = [item.reader.clean_question for item in prepared]
    honest = [
        text.text for item in prepared for text in item.texts[: len(item.item.question.answers) + len(item.item.benign)]
    ]
    return LanguageBackground.fit([*questions, *honest])


def train_gate(
    data: GateTrainingData,
    config: TrainingConfig,
    false_rejection: float = 0.01,
    members: int = 4,
    progress: Callable[[int, int], None] | None = None,
) -> TrainedGate:
    """Train `members` networks per fold for calibration, then `members` on everything; the gate is their mean.

    Every second network does without the embeddings' interactions.

    Args:
        false_rejection: share of genuine answers that the threshold may turn away.
        progress: called with (networks trained, networks in all).
    """
    folds = np.unique(data.fold)
    total = members * (len(folds) + 1)
    done = 0

    def trained(training: EpisodeTable, validation: EpisodeTable) -> tuple[RelevanceModel, ...]:
        nonlocal done
        models = []
        for member in range(members):
            # Networks that see the embeddings and networks that see only the features err differently.
            interactions = config.interactions and member % 2 == 0
            chosen = replace(config, seed=config.seed + member, interactions=interactions)
            models.append(train_model(training, validation, chosen).model)
            done += 1
            if progress:
                progress(done, total)
        return tuple(models)

    logits = np.zeros(len(data.table), dtype=np.float32)
    fold_models = {}
    for fold in folds:
        training, validation = data.held_out(int(fold))
        models = fold_models[int(fold)] = trained(training, validation)
        logits[data.fold == fold] = mean_logits(models, validation.features, validation.interactions)
    calibration = calibrate(logits, data.table, false_rejection)
    models = trained(data.table, data.table.take(data.fold == folds[0]))
    judged = ~data.table.rejected
    error = expected_calibration_error(calibration.probabilities(logits[judged]), data.table.relevant[judged])
    return TrainedGate(
        parts=GateParts(models, data.space, data.background, calibration),
        fold_models=fold_models,
        out_of_fold=logits,
        objective=rejection_objective(logits, data.table),
        calibration_error=error,
        config=config,
    )


def content_hash(items: Sequence[GateQuestion]) -> str:
    """SHA-256 of everything that training reads of the questions."""
    digest = hashlib.sha256()
    for item in items:
        content: list[Any] = [item.question.id, item.question.text, item.question.language, item.question.max_grade]
        content += [list(item.question.references), [[answer.text, answer.grade] for answer in item.question.answers]]
        content += [[answer.text for answer in item.benign], [[text.text, text.family] for text in item.negatives]]
        digest.update(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
