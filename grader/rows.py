"""Plain softmax regression by Newton's method with conjugate gradients, for a batch of problems given by their rows.

The same minimum as `grader.newton` finds from a kernel, for rows X (n, d) and a prior of unit variance, with an
intercept if wanted. The weights are X' A with A = s (Y - P) at the optimum, so at most n numbers per grade are unknown.
They are sought in the coordinates u of `grader.coupling`: the logits are F = R u and, with the Hessian H of the
loss by F, a Newton step solves

    (1 + R' (H - diag(h)) R) step = -(R' (s (P - Y) - diag(h) F) + u),

a system close to the identity: conjugate gradients need few iterations of two products with R and a few passes over
n x K numbers. h is the curvature of equal probabilities at first, which makes the first step exact, and that of the fit
once iterations get many. Steps are inexact far from the optimum and exact near it (Dembo, Eisenstat and Steihaug,
Inexact Newton Methods, 1982), and are halved until they descend.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from grader.coupling import Coupling, Floats, couple

FEW_ITERATIONS = 4
"""Iterations of a step from which on the preconditioner follows the fit."""
LEAST_CURVATURE = 1e-4
"""Share of the curvature of equal probabilities that an answer keeps in the preconditioner, however certain."""
CACHED_NUMBERS = 60_000
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
    """(B,): bound on the norm of the gradient by weights and intercept, divided by the longest row's length where that
    is above 1; 0 at the exact optimum."""
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
        problem = _Problem.of(rows[part], targets[part], counted, intercept)
        point = problem.begin(rows[part], None if start is None else (start[0][part], start[1][part]))
        point, gradient[part], steps[part] = _solve(problem, point, tolerance, max_steps)
        dual = counted * (targets[part] - point.probabilities)
        found[2][part] = dual
        np.matmul(rows[part].swapaxes(1, 2), dual, out=found[0][part])
        if intercept:
            bias = (point.logits - rows[part] @ found[0][part]).mean(axis=1)
            found[1][part] = bias - bias.mean(axis=1, keepdims=True)
    return RowsFit(*found, gradient, steps)


@dataclass(frozen=True)
class _Point:
    """Where the fits of a part of a batch are."""

    unknown: Floats
    """(B, q, K): u."""
    logits: Floats
    probabilities: Floats
    objective: Floats
    gradient: Floats
    """(B, q, K): by u."""

    def take(self, chosen: npt.NDArray[np.bool_]) -> _Point:
        return _Point(*(getattr(self, column.name)[chosen] for column in fields(self)))

    def put(self, chosen: npt.NDArray[np.int64], other: _Point) -> None:
        for column in fields(self):
            getattr(self, column.name)[chosen] = getattr(other, column.name)


def _solve(
    problem: _Problem, point: _Point, tolerance: float, max_steps: int
) -> tuple[_Point, Floats, npt.NDArray[np.int64]]:
    """The minimum, the gradient there and the steps it took. Problems that are done leave the batch."""
    batch = len(point.objective)
    everything, active = point, np.arange(batch)
    size, steps = np.zeros(batch), np.zeros(batch, dtype=np.int64)
    moved = np.ones(batch, dtype=np.bool_)
    for step in range(max_steps + 1):
        now = problem.size(point.gradient)
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
            active, problem, point, now = active[going], problem.take(going), point.take(going), now[going]
        steps[active] += 1
        accuracy = np.maximum(np.minimum(0.1, np.sqrt(now)), 0.25 * tolerance / now)
        change, iterations = problem.newton_step(point, accuracy)
        point, moved = problem.descend(point, change)
        if iterations >= FEW_ITERATIONS:
            problem, point = problem.curved(point)
    return everything, size, steps


@dataclass(frozen=True)
class _Problem:
    """A part of a batch."""

    coupling: Coupling
    targets: Floats
    weights: Floats
    """(B, n, 1)"""
    squares: Floats
    """(B, n): squared length of every row of T."""
    bound: Floats
    """(B,): how much longer than the gradient by u the gradient by the weights may be."""

    @classmethod
    def of(cls, rows: Floats, targets: Floats, weights: Floats, intercept: bool) -> _Problem:
        squares = np.vecdot(rows, rows) + float(intercept)
        coupling = couple(rows, weights / targets.shape[-1], intercept)
        return cls(coupling, targets, weights, squares, _bound(coupling.curvature, squares))

    def take(self, chosen: npt.NDArray[np.bool_]) -> _Problem:
        return _Problem(
            self.coupling.take(chosen),
            self.targets[chosen],
            self.weights[chosen],
            self.squares[chosen],
            self.bound[chosen],
        )

    def curved(self, point: _Point) -> tuple[_Problem, _Point]:
        """The same in coordinates with the curvature that the probabilities have now."""
        grades = self.targets.shape[-1]
        spread = (1.0 - np.vecdot(point.probabilities, point.probabilities)) / max(grades - 1, 1)
        curvature = self.weights * np.maximum(spread, LEAST_CURVATURE / grades)[..., None]
        coupling = self.coupling.curved(curvature)
        if coupling is self.coupling:
            return self, point
        bound = _bound(curvature, self.squares)
        problem = _Problem(coupling, self.targets, self.weights, self.squares, bound)
        return problem, problem.at(coupling.coordinates(point.logits), point.logits)

    def begin(self, rows: Floats, start: tuple[Floats, Floats] | None) -> _Point:
        """At `start`, or where Newton's first step from equal probabilities leads."""
        coupling = self.coupling
        if start is None:
            reach = self.weights * (self.targets - 1.0 / self.targets.shape[-1])
        else:
            dual, bias = start
            if coupling.intercept:
                dual = dual - self.weights * (dual.sum(axis=1, keepdims=True) / self.weights.sum(axis=1, keepdims=True))
            logits = rows @ (rows.swapaxes(1, 2) @ dual) + bias[:, None, :]
            reach = dual + coupling.curvature * logits
        unknown = coupling.turned @ reach
        return self.at(unknown, coupling.root @ unknown)

    def at(self, unknown: Floats, logits: Floats) -> _Point:
        top = logits.max(axis=-1, keepdims=True)
        probabilities = np.exp(logits - top)
        total = probabilities.sum(axis=-1, keepdims=True)
        probabilities /= total
        losses = (np.log(total) + top)[..., 0] - np.vecdot(self.targets, logits)
        bent = self.coupling.curvature * logits
        penalty = _inner(unknown, unknown) - _inner(bent, logits)
        wrong = probabilities - self.targets
        wrong *= self.weights
        wrong -= bent
        gradient = self.coupling.turned @ wrong
        gradient += unknown
        objective = np.vecdot(self.weights[..., 0], losses) + 0.5 * penalty
        return _Point(unknown, logits, probabilities, objective, gradient)

    def size(self, gradient: Floats) -> Floats:
        """(B,): `RowsFit.gradient`."""
        bounded: Floats = self.bound * np.sqrt(_inner(gradient, gradient))
        return bounded

    def newton_step(self, point: _Point, accuracy: Floats) -> tuple[Floats, int]:
        """The change of u, (B, q, K), that brings the system's residual down to `accuracy` (B,), and the iterations."""
        root, turned = self.coupling.root, self.coupling.turned
        curved = self.weights * point.probabilities
        diagonal = curved - self.coupling.curvature
        residual = -point.gradient
        direction, change = residual.copy(), np.zeros_like(residual)
        long = (len(residual), -1)
        residual_long, direction_long = residual.reshape(long), direction.reshape(long)
        size = np.vecdot(residual_long, residual_long)
        goal = accuracy**2 * size
        going = size > 0
        iterations = 0
        while iterations < 3 * residual[0].size:
            iterations += 1
            moved = root @ direction
            bent = diagonal * moved
            bent -= curved * np.vecdot(point.probabilities, moved)[..., None]
            bent = turned @ bent
            bent += direction
            length = size / np.maximum(np.vecdot(direction_long, bent.reshape(long)), TINY)
            length[~going] = 0.0
            length = length[:, None, None]
            change += length * direction
            residual -= length * bent
            left = np.vecdot(residual_long, residual_long)
            going &= left > goal
            if not np.count_nonzero(going):
                break
            direction *= (going * left / np.maximum(size, TINY))[:, None, None]
            direction += residual
            size = left
        return change, iterations

    def descend(self, point: _Point, change: Floats) -> tuple[_Point, npt.NDArray[np.bool_]]:
        """The point a step leads to, halved until it lowers the objective enough (Armijo), and whether it moved."""
        slope = _inner(point.gradient, change)
        shift = self.coupling.root @ change
        # Below this the objective's own rounding hides any decrease, and the Newton step is right anyway.
        slack = 1e-13 * (1.0 + np.abs(point.objective))
        length = np.ones(len(slope))
        for _ in range(HALVINGS):
            reached = self.at(point.unknown + change, point.logits + shift)
            bad = ~(reached.objective <= point.objective + 1e-4 * length * slope + slack)
            if not np.count_nonzero(bad):
                return reached, length > 0
            factor = np.where(bad, 0.5, 1.0)
            length *= factor
            change, shift = change * factor[:, None, None], shift * factor[:, None, None]
        change[bad], shift[bad] = 0.0, 0.0
        return self.at(point.unknown + change, point.logits + shift), ~bad


def _bound(curvature: Floats, squares: Floats) -> Floats:
    """(B,): root of the trace of M - P + 1, at least M's largest eigenvalue, in units of the longest row."""
    largest = 1.0 + np.vecdot(curvature[..., 0], squares)
    scaled: Floats = np.sqrt(largest / np.maximum(squares.max(axis=1), 1.0))
    return scaled


def _inner(left: Floats, right: Floats) -> Floats:
    product: Floats = np.vecdot(left.reshape(len(left), -1), right.reshape(len(right), -1))
    return product
