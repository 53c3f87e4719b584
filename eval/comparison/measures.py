"""Quality of grades against the teacher's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.comparison.results import Quality
from eval.statistics import mean_over_questions, quadratic_weighted_kappa
from grader.calibration import expected_calibration_error
from grader.levels import GradeScale

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """One question's held-out answers: the teacher's grades, the grader's, and behind the gate."""

    source: str
    scale: GradeScale
    truth: Floats
    given: Floats
    gated: Floats
    probabilities: Floats | None
    """(n, K) over the scale's levels."""


def quality(questions: Sequence[Judged]) -> Quality:
    """Means over the questions of one data set; kappa over those whose teacher's grades differ."""
    kappas, gated, accuracies, squares, errors = [], [], [], [], []
    confidence, hits, briers = [], [], []
    for item in questions:
        highest = item.scale.max_grade
        if item.truth.std() > 0:
            kappas.append(quadratic_weighted_kappa(item.truth, item.given))
            gated.append(quadratic_weighted_kappa(item.truth, item.gated))
        difference = (item.given - item.truth) / highest
        accuracies.append(float((np.abs(difference) < 1e-6).mean()))
        squares.append(float(np.sqrt((difference**2).mean())))
        errors.append(float(np.abs(difference).mean()))
        if item.probabilities is not None:
            targets = item.scale.targets(item.truth)
            chosen = item.probabilities.argmax(axis=1)
            rows = np.arange(len(chosen))
            confidence.append(item.probabilities[rows, chosen])
            hits.append(targets[rows, chosen])
            briers.append(float(((item.probabilities - targets) ** 2).sum(axis=1).mean()))
    complete = len(briers) == len(questions)
    return Quality(
        answers=sum(len(item.truth) for item in questions),
        qwk=mean_over_questions(kappas),
        qwk_gated=mean_over_questions(gated),
        accuracy=mean_over_questions(accuracies),
        rmse=mean_over_questions(squares),
        mae=mean_over_questions(errors),
        ece=expected_calibration_error(np.concatenate(confidence), np.concatenate(hits)) if complete else None,
        brier=mean_over_questions(briers) if complete else None,
    )


def overall(by_source: Sequence[Quality]) -> Quality:
    """Data sets count alike."""

    def mean(name: str) -> float:
        return float(np.mean([getattr(item, name) for item in by_source]))

    complete = all(item.brier is not None for item in by_source)
    return Quality(
        answers=sum(item.answers for item in by_source),
        **{name: mean(name) for name in ("qwk", "qwk_gated", "accuracy", "rmse", "mae")},
        ece=mean("ece") if complete else None,
        brier=mean("brier") if complete else None,
    )
