"""Plain softmax regression by Newton's method with conjugate gradients, for a batch of problems given by their rows.

The same minimum as `grader.newton` finds from a kernel, for rows X (n, d) and a prior of unit variance. At the optimum
the weights are X' A, so n x K numbers A decide everything; 1' A = 0 where there is an intercept b, and the logits are
F = X X' A + 1 b'. With T = (X, 1), P = diag(1, …, 1, 0 for the intercept), H the Hessian of the loss by F and diag(h)
its average over the grades, the Newton system is

    (P + T' H T) step = -gradient,    preconditioned by    P + T' diag(h) T.

Everything in it is T' times n x K numbers, and for these the system is v + (H - diag(h)) N v with the N of
`grader.coupling`: an iteration of conjugate gradients costs one product with N and a few passes over n x K numbers,
and the changes of A and F fall out of it. h is that of equal probabilities at first, where it makes the first step
exact, and that of the fit once iterations get many. Steps are inexact far from the optimum and exact near it (Dembo,
Eisenstat and Steihaug, Inexact Newton Methods, 1982), and are halved until they descend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.coupling import Coupling, Floats, couple

FEW_ITERATIONS = 4
"""Iterations of a step from which on the preconditioner follows the fit."""
LEAST_CURVATURE = 1e-4
"""Share of the curvature of equal probabilities that an answer keeps in the preconditioner, however certain."""
CACHED_NUMBERS = 40_000
"""Numbers in a part of a batch: what every iteration reads again should stay in the processor's cache."""
HALVINGS = 40
TINY = 1e-300


@dataclass(frozen=True)
class RowsFit:
    """A batch of B fitted problems."""

    weights: Floats
    """(B, d, K)"""
    intercept: Floats
    """(B, K): sums to 0; zeros when none was fitted."""
    dual: Floats
    """(B, n, K): A above, weights = rows' A."""
    gradient: Floats
    """(B,): norm of the gradient by weights, the longest row having length 1, and intercept; 0 at the exact optimum."""
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
        weights: (B, n), at least 0, one of a problem above 0; 0 takes a row out. Default 1.
        intercept: Also fit one unpenalised number per grade. Centred rows make this easier.
        start: `dual` and `intercept` of a fit to begin from, before a grade changed.
        tolerance: Stop a problem when its `gradient` is at most this.
        max_steps: Newton steps at most.
    """
    batch, count, width = rows.shape
    grades = targets.shape[-1]
    found = np.empty((batch, width, grades)), np.zeros((batch, grades)), np.empty((batch, count, grades))
    gradient, steps = np.empty(batch), np.empty(batch, dtype=np.int64)
    share = max(1, CACHED_NUMBERS // (count * (min(count, width) + grades)))
    for first in range(0, batch, share):
        part = slice(first, first + share)
        counted = np.ones((*targets[part].shape[:2], 1)) if weights is None else weights[part][..., None]
        coupling = couple(rows[part], counted / grades, intercept)
        length = np.maximum(np.vecdot(rows[part], rows[part]).max(axis=1), TINY)
        problem = _Problem(coupling, targets[part], counted, length)
        point = problem.begin(None if start is None else (start[0][part], start[1][part]))
        point, gradient[part], steps[part] = _solve(problem, point, tolerance, max_steps)
        np.matmul(rows[part].swapaxes(1, 2), point.dual, out=found[0][part])
        if intercept:
            found[1][part] = (point.logits - coupling.kernel(point.dual)).mean(axis=1)
        found[2][part] = point.dual
    return RowsFit(*found, gradient, steps)


@dataclass(frozen=True)
class _Point:
    """Where the fits of a part of a batch are."""

    dual: Floats
    logits: Floats
    probabilities: Floats
    objective: Floats

    def take(self, chosen: npt.NDArray[np.bool_]) -> _Point:
        return _Point(self.dual[chosen], self.logits[chosen], self.probabilities[chosen], self.objective[chosen])

    def put(self, chosen: npt.NDArray[np.int64], other: _Point) -> None:
        self.dual[chosen], self.logits[chosen] = other.dual, other.logits
        self.probabilities[chosen], self.objective[chosen] = other.probabilities, other.objective


def _solve(
    problem: _Problem, point: _Point, tolerance: float, max_steps: int
) -> tuple[_Point, Floats, npt.NDArray[np.int64]]:
    """The minimum, the gradient there and the steps it took. Problems that are done leave the batch."""
    batch = len(point.dual)
    everything, active = point, np.arange(batch)
    size, steps = np.zeros(batch), np.zeros(batch, dtype=np.int64)
    moved = np.ones(batch, dtype=np.bool_)
    for step in range(max_steps + 1):
        unsolved = problem.unsolved(point)
        now = problem.size(unsolved)
        going = (now > tolerance) & moved
        if len(active) < batch:
            size[active] = now
            everything.put(active, point)
        else:
            size, everything = now, point
        count = np.count_nonzero(going)
        if step == max_steps or not count:
            break
        if count < len(going):
            active, problem, point = active[going], problem.take(going), point.take(going)
            unsolved, now = unsolved[going], now[going]
        steps[active] += 1
        accuracy = np.maximum(np.minimum(0.1, np.sqrt(now)), 0.25 * tolerance / now)
        change, iterations = problem.newton_step(point, unsolved, accuracy)
        point, moved = problem.descend(point, change, _inner(unsolved, change[1]))
        if iterations >= FEW_ITERATIONS:
            problem = problem.curved(point)
    return everything, size, steps


@dataclass(frozen=True)
class _Problem:
    """A part of a batch."""

    coupling: Coupling
    targets: Floats
    weights: Floats
    """(B, n, 1)"""
    length: Floats
    """(B,): squared norm of the longest row."""

    def take(self, chosen: npt.NDArray[np.bool_]) -> _Problem:
        return _Problem(self.coupling.take(chosen), self.targets[chosen], self.weights[chosen], self.length[chosen])

    def curved(self, point: _Point) -> _Problem:
        """The same with the curvature that the probabilities have now."""
        grades = self.targets.shape[-1]
        spread = (1.0 - np.vecdot(point.probabilities, point.probabilities)) / max(grades - 1, 1)
        curvature = self.weights * np.maximum(spread, LEAST_CURVATURE / grades)[..., None]
        return _Problem(self.coupling.curved(curvature), self.targets, self.weights, self.length)

    def begin(self, start: tuple[Floats, Floats] | None) -> _Point:
        """At `start`, or where Newton's first step from equal probabilities leads."""
        curvature = self.coupling.curvature
        if start is None:
            pull = self.weights * (self.targets - 1.0 / self.targets.shape[-1])
            logits = self.coupling.mix(pull)
            return self.at(pull - curvature * logits, logits)
        dual, bias = start
        if self.coupling.intercept:
            dual = dual - curvature * (dual.sum(axis=1, keepdims=True) / curvature.sum(axis=1, keepdims=True))
        return self.at(dual, self.coupling.kernel(dual) + bias[:, None, :])

    def at(self, dual: Floats, logits: Floats) -> _Point:
        top = logits.max(axis=-1, keepdims=True)
        probabilities = np.exp(logits - top)
        total = probabilities.sum(axis=-1, keepdims=True)
        probabilities /= total
        losses = (np.log(total) + top)[..., 0] - np.vecdot(self.targets, logits)
        # The squared norm of the weights is A' X X' A, and the intercept adds nothing: 1' A = 0.
        objective = np.vecdot(self.weights[..., 0], losses) + 0.5 * _inner(dual, logits)
        return _Point(dual, logits, probabilities, objective)

    def unsolved(self, point: _Point) -> Floats:
        """(B, n, K): T' times it is the gradient."""
        missing = point.probabilities - self.targets
        missing *= self.weights
        missing += point.dual
        return missing

    def size(self, unsolved: Floats) -> Floats:
        """(B,): `RowsFit.gradient`."""
        squares = _inner(unsolved, self.coupling.kernel(unsolved)) / self.length
        if self.coupling.intercept:
            sums = unsolved.sum(axis=1)
            squares += np.vecdot(sums, sums)
        norm: Floats = np.sqrt(np.maximum(squares, 0.0))
        return norm

    def newton_step(self, point: _Point, unsolved: Floats, accuracy: Floats) -> tuple[Floats, int]:
        """Changes of A and F, stacked (2, B, n, K), that bring the system's residual down to `accuracy` (B,).

        Also the iterations of conjugate gradients it took.
        """
        curvature = self.coupling.curvature
        curved = self.weights * point.probabilities
        diagonal = curved - curvature
        # All hold coefficients v in their first half and N v in their second; the rows of `long` are whole problems.
        residual = np.empty((2, *unsolved.shape))
        np.negative(unsolved, out=residual[0])
        residual[1] = self.coupling.mix(residual[0])
        direction, change, bent = residual.copy(), np.zeros_like(residual), np.empty_like(unsolved)
        plain, moved = direction
        long = (len(unsolved), -1)
        left_long, moved_long, bent_long = residual.reshape(2, *long), moved.reshape(long), bent.reshape(long)
        size = np.vecdot(*left_long)
        goal = accuracy**2 * size
        going = size > 0
        iterations = 0
        while iterations < 3 * unsolved[0].size:
            iterations += 1
            np.multiply(diagonal, moved, out=bent)
            bent -= curved * np.vecdot(point.probabilities, moved)[..., None]
            bent += plain
            length = size / np.maximum(np.vecdot(moved_long, bent_long), TINY)
            length[~going] = 0.0
            length = length[:, None, None]
            change += length * direction
            residual[0] -= length * bent
            residual[1] = self.coupling.mix(residual[0])
            left = np.vecdot(*left_long)
            going &= left > goal
            if not np.count_nonzero(going):
                break
            direction *= (going * left / np.maximum(size, TINY))[:, None, None]
            direction += residual
            size = left
        change[0] -= curvature * change[1]
        return change, iterations

    def descend(self, point: _Point, change: Floats, slope: Floats) -> tuple[_Point, npt.NDArray[np.bool_]]:
        """The point a step leads to, halved until it lowers the objective enough (Armijo), and whether it moved."""
        # Below this the objective's own rounding hides any decrease, and the Newton step is right anyway.
        slack = 1e-13 * (1.0 + np.abs(point.objective))
        length = np.ones(len(slope))
        for _ in range(HALVINGS):
            reached = self.at(point.dual + change[0], point.logits + change[1])
            bad = ~(reached.objective <= point.objective + 1e-4 * length * slope + slack)
            if not np.count_nonzero(bad):
                return reached, length > 0
            factor = np.where(bad, 0.5, 1.0)
            length *= factor
            change = change * factor[:, None, None]
        length[bad] = 0.0
        change[:, bad] = 0.0
        return self.at(point.dual + change[0], point.logits + change[1]), length > 0


def _inner(left: Floats, right: Floats) -> Floats:
    product: Floats = np.vecdot(left.reshape(len(left), -1), right.reshape(len(right), -1))
    return product
