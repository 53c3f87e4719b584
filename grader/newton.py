"""Newton's method for the softmax: many small problems at once, exactly, in the span of their data.

The problem. Graded answers i = 1 … n have targets y_i (a distribution over K grades), weights s_i and fixed logits m_i
(the prior mean). The fit moves the logits by B w(x_i), where w has r Gaussian-process components with one kernel G
(without a basis r = K and B = 1), and minimises

    sum_i s_i * cross_entropy(y_i, softmax(m_i + B w_i)) + 1/2 * sum_j w_j' G^-1 w_j.

The optimum is w = G A, so only n x r numbers A are unknown, whatever the answers' dimension, and there every graded
answer pulls by what is still wrong with it: A_i = s_i B' (y_i - p_i). With the Hessian H of the first term, block
diagonal over the answers, a Newton step of A solves (1 + H G) step = s B' (y - p) - A: one system of n r unknowns with
a basis, n x n systems without (`grader.factors`).

Backtracking makes the steps safe everywhere: the objective is convex, so there is one minimum and nowhere else to stop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.factors import Floats, factorise_gradewise, solve_newton

__all__ = ["NO_GRADE", "Floats", "SoftmaxFit", "fit_softmax", "softmax"]

NO_GRADE = -1e9
"""Offset that takes a grade out of one problem of a batch, so that questions of any scale share it."""
HALVINGS = 40


@dataclass(frozen=True)
class SoftmaxFit:
    """A batch of B fitted problems with n answers and K grades each."""

    dual: Floats
    """(B, n, r): A above. New logits are offset + (kernel to the fitted answers) @ dual @ basis'."""
    probabilities: Floats
    """(B, n, K): of the fitted answers."""
    residual: Floats
    """(B,): largest absolute entry of A - s B' (y - p); 0 at the exact optimum."""
    steps: npt.NDArray[np.int64]
    """(B,): Newton steps taken."""


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis; safe for any finite logits."""
    exponentials: Floats = np.exp(logits - logits.max(axis=-1, keepdims=True))
    exponentials /= exponentials.sum(axis=-1, keepdims=True)
    return exponentials


def fit_softmax(
    kernel: Floats,
    targets: Floats,
    *,
    weights: Floats | None = None,
    offsets: Floats | None = None,
    basis: Floats | None = None,
    start: Floats | None = None,
    tolerance: float = 1e-9,
    max_steps: int = 100,
) -> SoftmaxFit:
    """Fit a batch of problems to the one minimum of each.

    Args:
        kernel: (B, n, n), symmetric positive semi-definite: X P^-1 X' for weights of prior precision P.
        targets: (B, n, K), rows that sum to 1 (one-hot for plain grades).
        weights: (B, n), at least 0; 0 takes an answer out, so problems of different sizes share a batch.
            Default 1.
        offsets: (B, n, K): the prior mean's logits; `NO_GRADE` takes a grade out. Default 0.
        basis: (B, K, r) directions in which logits can move. Default: every grade its own.
        start: `dual` of a fit to begin from, before one grade changed. Default zeros.
        tolerance: Stop a problem when its `residual` is at most this, relative to its largest weight.
        max_steps: Newton steps at most; six are usual.

    Returns:
        The fits, with the residual each one reached.
    """
    batch, count, grades = targets.shape
    counted = np.ones((batch, count, 1)) if weights is None else np.asarray(weights, dtype=np.float64)[..., None]
    offsets = np.zeros(targets.shape) if offsets is None else np.broadcast_to(offsets, targets.shape)
    problem = _Problem(kernel, targets, counted, offsets, basis)
    dual = np.zeros((batch, count, grades if basis is None else basis.shape[-1])) if start is None else start
    point = problem.at(dual, kernel @ dual)
    limits = tolerance * np.maximum(counted.max(axis=(1, 2)), 1e-300)
    fit = SoftmaxFit(np.empty_like(dual), np.empty(targets.shape), np.empty(batch), np.zeros(batch, dtype=np.int64))
    active, moved = np.arange(batch), np.ones(batch, dtype=np.bool_)
    for step in range(max_steps + 1):
        unsolved = problem.pull(point.probabilities) - point.dual
        residual = np.abs(unsolved).max(axis=(1, 2))
        going = (residual > limits[active]) & moved & (step < max_steps)
        if not going.all():
            done = ~going
            stopped = active[done]
            fit.dual[stopped], fit.probabilities[stopped] = point.dual[done], point.probabilities[done]
            fit.residual[stopped] = residual[done]
            if not going.any():
                break
            active, problem, point, unsolved = active[going], problem.take(going), point.take(going), unsolved[going]
        fit.steps[active] += 1
        point, moved = problem.descend(point, problem.newton_step(point, unsolved), unsolved)
    return fit


@dataclass(frozen=True)
class _Point:
    """Where the fits of a batch are."""

    dual: Floats
    latent: Floats
    """(B, n, r): the kernel times `dual`."""
    probabilities: Floats
    objective: Floats

    def take(self, chosen: npt.NDArray[np.bool_]) -> _Point:
        return _Point(self.dual[chosen], self.latent[chosen], self.probabilities[chosen], self.objective[chosen])


@dataclass(frozen=True)
class _Problem:
    kernel: Floats
    targets: Floats
    weights: Floats
    """(B, n, 1)"""
    offsets: Floats
    basis: Floats | None

    def take(self, chosen: npt.NDArray[np.bool_]) -> _Problem:
        return _Problem(
            self.kernel[chosen],
            self.targets[chosen],
            self.weights[chosen],
            self.offsets[chosen],
            None if self.basis is None else self.basis[chosen],
        )

    def at(self, dual: Floats, latent: Floats) -> _Point:
        logits = self.offsets + (latent if self.basis is None else latent @ self.basis.swapaxes(1, 2))
        top = logits.max(axis=-1, keepdims=True)
        probabilities = np.exp(logits - top)
        total = probabilities.sum(axis=-1, keepdims=True)
        probabilities /= total
        losses = (np.log(total) + top)[..., 0] - np.vecdot(self.targets, logits)
        objective = np.vecdot(self.weights[..., 0], losses) + 0.5 * _inner(dual, latent)
        return _Point(dual, latent, probabilities, objective)

    def pull(self, probabilities: Floats) -> Floats:
        pulls: Floats = self.weights * (self.targets - probabilities)
        return pulls if self.basis is None else pulls @ self.basis

    def newton_step(self, point: _Point, unsolved: Floats) -> Floats:
        """The full step of the dual, driven by what is unsolved, so that rounding shrinks with every step."""
        if self.basis is None:
            factor = factorise_gradewise(self.kernel, point.probabilities, self.weights[..., 0])
            return unsolved - factor.apply(self.kernel @ unsolved)
        return solve_newton(self.kernel, point.probabilities, self.weights[..., 0], self.basis, unsolved)

    def descend(self, point: _Point, change: Floats, unsolved: Floats) -> tuple[_Point, npt.NDArray[np.bool_]]:
        """The point a step leads to, halved until it lowers the objective enough (Armijo), and whether it moved."""
        shift = self.kernel @ change
        slope = -_inner(unsolved, shift)
        # Below this the objective's own rounding hides any decrease, and the Newton step is right anyway.
        slack = 1e-13 * (1.0 + np.abs(point.objective))
        length = np.ones(len(slope))
        for _ in range(HALVINGS):
            reached = self.at(point.dual + change, point.latent + shift)
            bad = ~(reached.objective <= point.objective + 1e-4 * length * slope + slack)
            if not bad.any():
                return reached, length > 0
            factor = np.where(bad, 0.5, 1.0)
            length *= factor
            change, shift = change * factor[:, None, None], shift * factor[:, None, None]
        change[bad], shift[bad] = 0.0, 0.0
        return self.at(point.dual + change, point.latent + shift), ~bad


def _inner(left: Floats, right: Floats) -> Floats:
    product: Floats = np.vecdot(left.reshape(len(left), -1), right.reshape(len(right), -1))
    return product
