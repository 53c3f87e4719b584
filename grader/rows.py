"""Plain softmax regression by Newton's method with conjugate gradients, for a batch of problems given by their rows.

The same minimum as `grader.newton` finds from a kernel, for rows X (n, d) and a prior of unit variance. The unknowns
are the weights in the span of the rows: with X = L Q' (L from the Cholesky factor of X X', when n < d) they are
q = min(n, d) numbers per grade and never more, and duplicate rows make no system singular. A Newton step solves

    (P + T' H T) step = -gradient,       T = (L, 1),   P = diag(1, …, 1, 0 for the intercept),

by conjugate gradients, preconditioned with the inverse of P + h T' T for the mean curvature h: a few dozen products
with T for a whole fit, however many grades there are. Steps are inexact far from the optimum and exact near it (Dembo,
Eisenstat and Steihaug, Inexact Newton Methods, 1982), and are halved until they descend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.newton import Floats, softmax


@dataclass(frozen=True)
class RowsFit:
    """A batch of B fitted problems."""

    weights: Floats
    """(B, d, K)"""
    intercept: Floats
    """(B, K): sums to 0; zeros when none was fitted."""
    gradient: Floats
    """(B,): norm of the worst grade's gradient, the largest row having length 1; 0 at the exact optimum."""
    steps: npt.NDArray[np.int64]
    """(B,): Newton steps taken."""


def fit_rows(
    rows: Floats,
    targets: Floats,
    *,
    weights: Floats | None = None,
    intercept: bool = False,
    start: tuple[Floats, Floats] | None = None,
    tolerance: float = 1e-9,
    max_steps: int = 100,
) -> RowsFit:
    """Fit a batch of problems to the one minimum of each.

    Args:
        rows: (B, n, d). A prior variance v is expressed by rows times sqrt(v) and weights times sqrt(v).
        targets: (B, n, K), distributions.
        weights: (B, n), at least 0; 0 takes a row out. Default 1.
        intercept: Also fit one unpenalised number per grade. Centred rows make this easier.
        start: `weights` and `intercept` of a fit to begin from.
        tolerance: Stop a problem when its `gradient` is at most this.
        max_steps: Newton steps at most.
    """
    batch, count, width = rows.shape
    grades = targets.shape[-1]
    spanned = width > count
    inner = _span_root(rows) if spanned else rows
    ones = np.ones((batch, count, 1))
    table = np.concatenate([inner, ones], axis=2) if intercept else inner
    penalty = np.ones((table.shape[2], 1))
    if intercept:
        penalty[-1] = 0.0
    unknown = np.zeros((batch, table.shape[2], grades))
    if start is not None:
        unknown[:, : inner.shape[2]] = np.linalg.solve(inner, rows @ start[0]) if spanned else start[0]
        if intercept:
            unknown[:, -1] = start[1]
    counted = np.ones((batch, count)) if weights is None else np.asarray(weights, dtype=np.float64)
    solver = _Solver(table, targets, counted[..., None], penalty)
    unknown, gradient, steps = solver.solve(unknown, tolerance, max_steps)
    found = unknown[:, : inner.shape[2]]
    bias = unknown[:, -1] - unknown[:, -1].mean(axis=1, keepdims=True) if intercept else np.zeros((batch, grades))
    if spanned:
        found = np.swapaxes(rows, 1, 2) @ np.linalg.solve(np.swapaxes(inner, 1, 2), found)
    return RowsFit(found, bias, gradient, steps)


def _span_root(rows: Floats) -> Floats:
    """(B, n, n): L with L L' = X X', up to rounding: the rows in coordinates of their own span."""
    gram = rows @ np.swapaxes(rows, 1, 2)
    diagonal = np.arange(rows.shape[1])
    gram[:, diagonal, diagonal] += 1e-14 * np.maximum(np.trace(gram, axis1=1, axis2=2), 1e-300)[:, None]
    return np.asarray(np.linalg.cholesky(gram), dtype=np.float64)


class _Solver:
    def __init__(self, table: Floats, targets: Floats, weights: Floats, penalty: Floats) -> None:
        self.table, self.targets, self.weights, self.penalty = table, targets, weights, penalty
        self.turned = np.swapaxes(table, 1, 2)
        grades = targets.shape[-1]
        curvature = (grades - 1) / grades**2 if grades > 1 else 0.25
        system = curvature * (self.turned @ (weights * table))
        diagonal = np.arange(table.shape[2])
        system[:, diagonal, diagonal] += penalty[:, 0] + 1e-12
        self.inverse = np.asarray(np.linalg.inv(system), dtype=np.float64)
        self.length = np.sqrt(np.einsum("bnq,bnq->bn", table, table).max(axis=1))

    def take(self, chosen: npt.NDArray[np.bool_]) -> _Solver:
        other = object.__new__(_Solver)
        other.table, other.targets, other.weights = self.table[chosen], self.targets[chosen], self.weights[chosen]
        other.turned, other.inverse, other.length = self.turned[chosen], self.inverse[chosen], self.length[chosen]
        other.penalty = self.penalty
        return other

    def solve(self, unknown: Floats, tolerance: float, max_steps: int) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        batch = len(unknown)
        size, steps = np.zeros(batch), np.zeros(batch, dtype=np.int64)
        active, part = np.arange(batch), self
        logits = self.table @ unknown
        for step in range(max_steps + 1):
            here = unknown[active]
            probability = softmax(logits)
            gradient = part.turned @ (part.weights * (probability - part.targets)) + part.penalty * here
            size[active] = np.sqrt(np.einsum("bqk,bqk->bk", gradient, gradient).max(axis=1)) / part.length
            going = size[active] > tolerance
            if step == max_steps or not going.any():
                break
            if not going.all():
                active, part = active[going], part.take(going)
                here, probability, gradient, logits = here[going], probability[going], gradient[going], logits[going]
            steps[active] += 1
            change = part.newton_step(probability, gradient, np.minimum(0.1, np.sqrt(size[active])))
            shift = part.table @ change
            length = part.backtrack(here, logits, change, shift, gradient)
            unknown[active] = here + length * change
            logits = logits + length * shift
            if not length.any():
                break
        return unknown, size, steps

    def newton_step(self, probability: Floats, gradient: Floats, accuracy: Floats) -> Floats:
        curved = self.weights * probability
        residual = -gradient
        moved = self.inverse @ residual
        direction, solution = moved, np.zeros_like(gradient)
        size = _inner(residual, moved)
        goal = accuracy**2 * size
        for _ in range(3 * gradient.shape[1] * gradient.shape[2]):
            logits = self.table @ direction
            inner = np.einsum("bnk,bnk->bn", probability, logits)[..., None]
            bent = self.turned @ (curved * (logits - inner)) + self.penalty * direction
            energy = _inner(direction, bent)
            going = (size > goal) & (energy > 0)
            if not going.any():
                break
            length = np.where(going, size / np.where(energy > 0, energy, 1.0), 0.0)[:, None, None]
            solution += length * direction
            residual = residual - length * bent
            moved = self.inverse @ residual
            new_size = _inner(residual, moved)
            ratio = np.where(going, new_size / np.where(size > 0, size, 1.0), 0.0)
            direction = moved + ratio[:, None, None] * direction
            size = np.where(going, new_size, size)
        return solution

    def objective(self, unknown: Floats, logits: Floats) -> Floats:
        top = logits.max(axis=-1, keepdims=True)
        spread = np.log(np.exp(logits - top).sum(axis=-1, keepdims=True)) + top
        losses = self.weights * (spread - np.einsum("bnk,bnk->bn", self.targets, logits)[..., None])
        total: Floats = losses.sum(axis=(1, 2)) + 0.5 * _inner(unknown, self.penalty * unknown)
        return total

    def backtrack(self, here: Floats, logits: Floats, change: Floats, shift: Floats, gradient: Floats) -> Floats:
        """(B, 1, 1) step lengths in 0 … 1 that lower the objective enough (Armijo's rule, by halving)."""
        before = self.objective(here, logits)
        slope = _inner(gradient, change)
        # Below this the objective's own rounding hides any decrease, and the Newton step is right anyway.
        slack = 1e-13 * (1.0 + np.abs(before))
        length = np.ones((len(here), 1, 1))
        for _ in range(40):
            after = self.objective(here + length * change, logits + length * shift)
            bad = ~(after <= before + 1e-4 * length[:, 0, 0] * slope + slack)
            if not bad.any():
                return length
            length[bad] *= 0.5
        length[bad] = 0.0
        return length


def _inner(left: Floats, right: Floats) -> Floats:
    product: Floats = np.einsum("bqk,bqk->b", left, right)
    return product
