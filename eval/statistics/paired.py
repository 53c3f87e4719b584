"""Paired comparisons: the same cases in two runs, and answers beside the answer they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class McNemar:
    """How the same cases came out in two runs.

    `newly` events happen only in the new run, `no_longer` only in the old one. `p_worse` is one-sided, `p` two-sided.
    """

    pairs: int
    newly: int
    no_longer: int
    p_worse: float
    p: float

    @property
    def change(self) -> float:
        """Difference of the two rates, new minus old."""
        return (self.newly - self.no_longer) / self.pairs if self.pairs else 0.0


def mcnemar(pairs: int, newly: int, no_longer: int) -> McNemar:
    """Exact McNemar test (McNemar 1947; conditional binomial form).

    Under no change a case that differs is as likely to have got worse as better, so `newly` of `newly + no_longer` is
    binomial with 1/2. Assumes that cases change independently of each other; where one question's cases flip
    together, the p-value is too small.

    Raises:
        ValueError: counts are negative, or more cases differ than there are.
    """
    from scipy.special import bdtr

    if min(newly, no_longer) < 0 or newly + no_longer > pairs:
        raise ValueError(f"{newly} and {no_longer} of {pairs} pairs cannot differ")
    differing = newly + no_longer
    if not differing:
        return McNemar(pairs, 0, 0, 1.0, 1.0)
    worse = float(bdtr(differing - newly, differing, 0.5))
    better = float(bdtr(differing - no_longer, differing, 0.5))
    return McNemar(pairs, newly, no_longer, worse, min(1.0, 2 * min(worse, better)))


@dataclass(frozen=True)
class PairedDifference:
    """Grades of changed answers minus those of the answers they were made from, in shares of the maximum grade.

    `mean` weights every case alike; `interval` is its two-sided 95 % interval. `p_above`: one-sided p-value that the
    true mean is above `allowance` (a gain). `p_outside`: that it is further from 0 than `allowance` (a move).
    """

    cases: int
    questions: int
    mean: float
    interval: tuple[float, float]
    allowance: float
    p_above: float
    p_outside: float


def paired_difference(
    differences: Sequence[float], questions: Sequence[str], allowance: float, confidence: float = 0.95
) -> PairedDifference:
    """Test a mean paired difference against a noise allowance, with questions as clusters.

    The mean over cases is a ratio of question totals; its standard error is the linearised one (Cochran 1977,
    section 6.3) over questions, with Student's t of questions - 1 degrees of freedom. Assumes independent questions
    and enough of them (about ten) for their totals to behave; answers within a question may depend on each other in
    any way. With one question nothing can be said: the interval is -1 … 1 and the p-values are 1. Where no case of any
    question moved, the standard error is 0 and so is the interval: then the rate of moved answers, with its exact
    bound, is what to read.

    Args:
        differences: (n,) grade minus clean grade, over the maximum grade, in -1 … 1.
        questions: (n,) the question of each.
        allowance: mean differences up to this, in shares of the maximum grade, pass as noise.

    Raises:
        ValueError: lengths differ, or the allowance is negative.
    """
    from scipy.special import stdtr, stdtrit

    if len(differences) != len(questions) or allowance < 0:
        raise ValueError("every difference needs its question, and an allowance is at least 0")
    values = np.asarray(differences, dtype=np.float64)
    names, which = np.unique(np.asarray(questions, dtype=str), return_inverse=True)
    count, clusters = len(values), len(names)
    mean = float(values.mean()) if count else 0.0
    if clusters < 2:
        return PairedDifference(count, clusters, mean, (-1.0, 1.0), allowance, 1.0, 1.0)
    residuals = np.bincount(which, weights=values - mean, minlength=clusters)
    error = float(np.sqrt(clusters / (clusters - 1) * (residuals**2).sum()) / count)
    freedom = clusters - 1
    reach = float(stdtrit(freedom, (1 + confidence) / 2)) * error

    def tail(distance: float) -> float:
        if error == 0:
            return 0.0 if distance > 0 else 1.0
        return float(stdtr(freedom, -distance / error))

    above = tail(mean - allowance)
    outside = min(1.0, 2 * tail(abs(mean) - allowance))
    return PairedDifference(count, clusters, mean, (mean - reach, mean + reach), allowance, above, outside)
