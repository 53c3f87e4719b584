"""The card beside a trained gate: what it is, what it was trained on, what was measured, what it cannot do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relevance.calibration import REGIMES, regime_of
from relevance.corpus import GateQuestion
from relevance.episodes import is_genuine
from relevance.metrics import rejection_by_family
from relevance.pipeline import GateTrainingData, TrainedGate
from relevance.reports.gate_page import View
from relevance.reports.terminal import honest_table, languages_table, worst_list


def gate_card(
    trained: TrainedGate,
    data: GateTrainingData,
    items: Sequence[GateQuestion],
    encoder_name: str,
    views: Sequence[View],
    attribution: str = "",
) -> str:
    """Markdown in the Hugging Face model-card format, every figure from this training run.

    Args:
        views: warm and cold, of the cross-fitted scores; `report.html` draws the same.
    """
    languages = sorted({item.question.language for item in items})
    answers = sum(len(item.question.answers) + len(item.benign) for item in items)
    negatives = sum(len(item.negatives) for item in items)
    sources = sorted({item.source.split("/")[0] for item in items})
    calibration = trained.parts.calibration
    header = "\n".join(
        [
            "---",
            "license: apache-2.0",
            f"language: [{', '.join(languages)}]",
            "library_name: answergate",
            "pipeline_tag: text-classification",
            "---",
        ]
    )
    return f"""{header}

# Relevance gate

Decides whether a short answer is on topic, from the question alone (cold) or also from graded answers (warm). Wrong is
not off-topic. Encoder: `{encoder_name}`; it works with no other.

## Training data

{len(items)} questions in {len(languages)} languages ({", ".join(languages)}) from {", ".join(sources)}: {answers}
honest answers, {negatives} texts to be turned away, and answers to other questions. {len(data.table)} rows in episodes.
{attribution}

## Measured by cross-fitting

Every question was scored by networks trained on the other folds. The threshold turns away at most
{calibration.false_rejection:.1%} of these honest answers; expected calibration error {trained.calibration_error:.3f}.

{_table(trained, data)}

Turning away an answer that would have been graded 0 (often "I don't know") costs nobody a point. Exact 95 % intervals,
over all episodes of an answer:

{honest_table(views)}

Every language at the same threshold; **!** marks a rate more than two points worse than the mean:

{languages_table(views)}

`report.html` draws all of it: curves by family and language, reliability, and more to read.

## The worst false rejections

{worst_list([item for view in views[:1] for item in view.worst])}

## Limits

Texts of the training data were written by a language model in the manner of students and cheats; students of flesh and
blood will differ. Fluent text made of the question's own key words, and confident nonsense on the topic, are told from
honest wrong answers only in part: see the table. Languages outside the list are judged by similarity alone.
"""


def _table(trained: TrainedGate, data: GateTrainingData) -> str:
    table = data.table
    probabilities = trained.parts.calibration.probabilities(trained.out_of_fold)
    regimes = np.array([regime_of(int(size)) for size in table.size])
    counts = {
        regime: rejection_by_family(
            probabilities[regimes == regime],
            table.take(regimes == regime),
            trained.parts.calibration.thresholds[regime],
        )
        for regime in REGIMES
    }
    families = sorted({str(family) for family in table.family}, key=lambda family: (not is_genuine(family), family))
    lines = [
        "| family | " + " | ".join(f"{regime}: turned away" for regime in REGIMES) + " |",
        "|---" * (len(REGIMES) + 1) + "|",
    ]
    for family in families:
        cells = []
        for regime in REGIMES:
            away, total = counts[regime].get(family, (0, 0))
            cells.append(f"{away / total:.1%} of {total}" if total else "–")
        lines.append(f"| {family} | {' | '.join(cells)} |")
    return "\n".join(lines)
