"""Why the model turned an answer away: the features without which P(relevant) would have been higher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relevance.feature_sets import column_names, groups_of_columns
from relevance.model import RelevanceModel, mean_logits

EMBEDDING = "embedding"
"""Name of the interactions, which are taken away together."""


@dataclass(frozen=True)
class Pull:
    """A feature and by how much the logit rises when it is what honest answers to the question have on average."""

    name: str
    logit: float


def pulls_down(
    models: Sequence[RelevanceModel],
    features: NDArray[np.float32],
    interactions: NDArray[np.float32],
    honest_features: NDArray[np.float32],
    honest_interactions: NDArray[np.float32],
    count: int = 3,
) -> list[Pull]:
    """The `count` features that pull an answer's logit down most, strongest first.

    One feature at a time (with its standardised twin) is put to the mean of honest answers to the same question; what
    features do together is not seen.

    Args:
        features, interactions: the answer's, (f,) and (i,).
        honest_features, honest_interactions: of honest answers against the same support, (n, f) and (n, i).
    """
    usual, usual_interactions = honest_features.mean(axis=0), honest_interactions.mean(axis=0)
    groups = groups_of_columns(column_names(len(features)))
    rows = np.tile(features, (len(groups) + 2, 1))
    beside = np.tile(interactions, (len(groups) + 2, 1))
    for row, columns in zip(rows[1:], groups.values(), strict=False):
        row[columns] = usual[columns]
    beside[-1] = usual_interactions
    logits = mean_logits(models, rows, beside)
    gains = logits[1:] - logits[0]
    names = [*groups, EMBEDDING]
    order = np.argsort(-gains, kind="stable")[:count]
    return [Pull(names[place], float(gains[place])) for place in order if gains[place] > 0]
