"""Bounds of a rate whose trials come in clusters: attacks on one question stand or fall together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.statistics.rates import lower_bound, upper_bound

ASSUMED_ICC = 0.05
"""Intraclass correlation of attacks on one question that is assumed at least, whatever the data say.

Where few or no events were seen it cannot be estimated, and an interval that took the estimate alone would fall back
to the one of independent trials just where it matters most.
"""


@dataclass(frozen=True)
class ClusteredRate:
    """A rate over clusters with what its bounds rest on.

    `design_effect` is how many times fewer independent trials would say as much; `effective` is that number of trials.
    """

    events: int
    attempts: int
    clusters: int
    clusters_hit: int
    icc: float
    design_effect: float
    effective: float
    confidence: float

    @property
    def rate(self) -> float:
        """Observed share, 0 without attempts."""
        return self.events / self.attempts if self.attempts else 0.0

    @property
    def upper(self) -> float:
        """One-sided upper bound; 1 without attempts."""
        return upper_bound(*self._counts, self.confidence)

    @property
    def lower(self) -> float:
        """One-sided lower bound; 0 without events."""
        return lower_bound(*self._counts, self.confidence)

    @property
    def interval(self) -> tuple[float, float]:
        """Two-sided interval."""
        tail = (1.0 + self.confidence) / 2
        return lower_bound(*self._counts, tail), upper_bound(*self._counts, tail)

    @property
    def clusters_upper(self) -> float:
        """Exact upper bound of the share of clusters with any event: assumes nothing about what happens inside one."""
        return upper_bound(self.clusters_hit, self.clusters, self.confidence)

    @property
    def _counts(self) -> tuple[float, float]:
        # Rounding must not push a rate of 1 above its own trials.
        return min(self.effective * self.rate, self.effective), self.effective


def clustered_rate(
    events: Sequence[int], attempts: Sequence[int], confidence: float = 0.95, assumed_icc: float = ASSUMED_ICC
) -> ClusteredRate:
    """The rate over all clusters, with the exact bounds of its effective sample size.

    Method: Korn and Graubard 1998 (Survey Methodology 24, 193-201). The design effect 1 + (m - 1) icc, with m the
    size-weighted mean cluster size and icc the larger of the estimate and `assumed_icc`, divides the number of trials;
    a ratio of t quantiles pays for the few clusters the estimate rests on; Clopper and Pearson's bound is taken at the
    result, never with more trials than there were. With one trial per cluster and many clusters this is the exact
    interval; at zero events it is 1 - (1 - confidence)^(1 / effective), so it never vanishes.

    Assumes that clusters (questions) are independent draws from those one wants to speak of. Simulated coverage is at
    least nominal while the true correlation is at most `assumed_icc`; above it, with fewer than about ten events, it
    falls short (to 0.9 at a correlation of 0.2), and no method that reads the data alone can do better. `assumed_icc`
    of 1 counts every cluster as one trial.

    Args:
        events: (k,) events of every cluster.
        attempts: (k,) trials of every cluster; clusters without any are left out.

    Raises:
        ValueError: a cluster has more events than attempts, or the lengths differ.
    """
    counts, sizes = np.asarray(events, dtype=np.int64), np.asarray(attempts, dtype=np.int64)
    if counts.shape != sizes.shape or np.any(counts < 0) or np.any(counts > sizes):
        raise ValueError("every cluster needs its events and at least as many attempts")
    counts, sizes = counts[sizes > 0], sizes[sizes > 0]
    total, hit, number = int(sizes.sum()), int((counts > 0).sum()), len(sizes)
    if not total:
        return ClusteredRate(0, 0, 0, 0, assumed_icc, 1.0, 0.0, confidence)
    icc = min(1.0, max(assumed_icc, intraclass_correlation(counts, sizes)))
    effect = max(1.0, 1.0 + (float((sizes**2).sum()) / total - 1.0) * icc)
    effective = min(float(total), total / effect * _t_ratio(total, number, confidence))
    return ClusteredRate(int(counts.sum()), total, number, hit, icc, effect, effective, confidence)


def intraclass_correlation(events: Sequence[int] | np.ndarray, attempts: Sequence[int] | np.ndarray) -> float:
    """One-way analysis-of-variance estimate of the correlation of two trials of one cluster (Donner 1986).

    0 where it cannot be estimated: fewer than two clusters, one trial each, or no variation. May be slightly negative.
    """
    counts, sizes = np.asarray(events, dtype=np.float64), np.asarray(attempts, dtype=np.float64)
    clusters, total = len(sizes), sizes.sum()
    if clusters < 2 or total <= clusters:
        return 0.0
    share = counts.sum() / total
    between = float((sizes * (counts / sizes - share) ** 2).sum() / (clusters - 1))
    within = float((counts * (1 - counts / sizes)).sum() / (total - clusters))
    typical = float((total - (sizes**2).sum() / total) / (clusters - 1))
    spread = between + (typical - 1) * within
    return (between - within) / spread if spread > 0 else 0.0


def _t_ratio(total: int, clusters: int, confidence: float) -> float:
    """(t quantile of total - 1 degrees of freedom / the same of clusters - 1)^2: few clusters, few effective trials."""
    from scipy.special import stdtrit

    if total < 2 or clusters == total:
        return 1.0
    few = stdtrit(max(1, clusters - 1), (1 + confidence) / 2)
    return float((stdtrit(total - 1, (1 + confidence) / 2) / few) ** 2)
