"""How many cores this process really has."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP_ROOT = Path("/sys/fs/cgroup")


def available_cores(cgroup_root: Path = _CGROUP_ROOT) -> int:
    """Cores this process may use: at least 1.

    The smallest of the processor affinity, the container's CPU quota (cgroup v1 or v2; a part of a core counts as
    one) and ``OMP_NUM_THREADS``, which Ray sets in its workers to the CPUs the task asked for.
    """
    limits = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1]
    quota = _cgroup_quota(cgroup_root)
    if quota is not None:
        limits.append(math.ceil(quota))
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if wanted.isdigit():
        limits.append(int(wanted))
    return max(1, min(limits))


def _cgroup_quota(root: Path) -> float | None:
    """The CPU quota in cores, or None where there is none."""
    try:  # version 2: "max 100000" or "150000 100000"
        quota, period = (root / "cpu.max").read_text().split()
        return None if quota == "max" else float(quota) / float(period)
    except (OSError, ValueError):
        pass
    try:  # version 1: -1 means no quota
        quota_us = int((root / "cpu" / "cpu.cfs_quota_us").read_text())
        period_us = int((root / "cpu" / "cpu.cfs_period_us").read_text())
        return quota_us / period_us if quota_us > 0 else None
    except (OSError, ValueError):
        return None
