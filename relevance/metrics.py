"""Rejection at a fixed false-rejection rate: how a gate is measured and tuned."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from relevance.episodes import EpisodeTable, is_genuine

WARM_SIZE = 10
"""From this many graded answers on, a question is warm."""
FULL_SIZE = 20
"""From this many on it has what a grader is meant to learn from."""


def threshold_at(logits: NDArray[np.floating], false_rejection: float) -> float:
    """The highest threshold that turns away at most this share of genuine answers' logits (`logit < threshold`)."""
    ordered = np.sort(logits)
    allowed = int(np.floor(false_rejection * len(ordered)))
    return float(ordered[allowed]) if len(ordered) else 0.0


def rejection_by_family(
    logits: NDArray[np.floating], table: EpisodeTable, threshold: float
) -> dict[str, tuple[int, int]]:
    """family -> (turned away by guards or model, rows)."""
    away = table.rejected | (logits < threshold)
    return {
        str(family): (int(away[table.family == family].sum()), int((table.family == family).sum()))
        for family in np.unique(table.family)
    }


def macro_rejection(counts: Iterable[tuple[int, int]]) -> float:
    """Mean over families of the share turned away."""
    shares = [away / total for away, total in counts if total]
    return float(np.mean(shares)) if shares else 0.0


def rejection_objective(logits: NDArray[np.floating], table: EpisodeTable, false_rejection: float = 0.01) -> float:
    """Share of negatives turned away when 1 % of genuine answers are, averaged over families, then over full and cold
    questions.

    Guards' own rejections count on both sides.
    """
    regimes = []
    for rows in (table.size >= FULL_SIZE, table.size == 0):
        part, part_logits = table.take(rows), logits[rows]
        # A guard's rejection of a genuine answer uses up a part of what is allowed.
        genuine = np.where(part.rejected, -np.inf, part_logits)[part.relevant]
        if not len(genuine):
            continue
        threshold = threshold_at(genuine, false_rejection)
        counts = rejection_by_family(part_logits, part, threshold)
        regimes.append(macro_rejection(count for family, count in counts.items() if not is_genuine(family)))
    return float(np.mean(regimes)) if regimes else 0.0
