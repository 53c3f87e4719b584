"""Whether probabilities mean what they say."""

from __future__ import annotations

import numpy as np

from grader.newton import Floats

BINS = 15


def expected_calibration_error(confidence: Floats, hits: Floats, bins: int = BINS) -> float:
    """Mean gap between stated and observed accuracy over equally full bins, 0 … 1 (Guo et al., 2017).

    Args:
        confidence: (n,) probability of the most probable grade.
        hits: (n,) 1 where it was the teacher's grade, 0 where not; a share where the grade lay between two levels.
        bins: Of about equal numbers of answers, by confidence.
    """
    if not len(confidence):
        return 0.0
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(float(confidence[part].mean() - hits[part].mean())) * len(part) for part in parts]
    return float(sum(gaps) / len(confidence))
