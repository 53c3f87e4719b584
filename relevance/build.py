"""One call from questions to a gate's folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from encoders import Encoder
from relevance.artifact import GateArtifact, save_gate
from relevance.card import gate_card
from relevance.corpus import GateQuestion
from relevance.pipeline import GateTrainingData, TrainedGate, make_training_data, train_gate
from relevance.reports.gate_page import views_of, write_gate_page
from relevance.scored import from_training
from relevance.training import TrainingConfig

REPORT = "report.html"
"""The page beside the artifact."""


def build_gate(
    items: Sequence[GateQuestion],
    encoder: Encoder,
    folder: str | os.PathLike[str],
    config: TrainingConfig,
    false_rejection: float = 0.01,
    members: int = 4,
    seed: int = 0,
    folds: int = 5,
    progress: Callable[[int, int], None] | None = None,
    data: GateTrainingData | None = None,
    attribution: str = "",
) -> TrainedGate:
    """Train, calibrate and save a gate with its card and page. The same questions, settings, seed: the same bytes.

    Args:
        data: what `make_training_data` made of these questions, when it is at hand.
    """
    if data is None:
        data = make_training_data(items, encoder, seed, folds)
    trained = train_gate(data, config, false_rejection, members, progress)
    training = {
        "config": config.as_dict(),
        "members": members,
        "seed": seed,
        "data_sha256": data.content_hash,
        "questions": len(items),
        "languages": sorted({item.question.language for item in items}),
        "sources": sorted({item.source for item in items}),
        "objective": round(trained.objective, 6),
    }
    artifact = GateArtifact(trained.parts, encoder.name, encoder.content_hash, training)
    views = views_of(from_training(trained, data, items))
    folder = save_gate(artifact, folder, gate_card(trained, data, items, encoder.name, views, attribution))
    languages = {item.question.language for item in items}
    subtitle = (
        f"Encoder {encoder.name}; {len(items)} questions in {len(languages)} languages, each scored by networks that "
        f"never saw it; threshold set for {false_rejection:.1%} of honest answers."
    )
    write_gate_page(folder / REPORT, views, f"Relevance gate {folder.name}", subtitle)
    return trained
