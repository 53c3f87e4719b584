"""Newton's method for the softmax: many small problems at once, exactly, in the span of their data.

The problem. Graded answers i = 1 … n have targets y_i (a distribution over K grades), weights s_i and fixed
logits m_i (the prior mean). The fit moves the logits by B w(x_i) + b, where w has r Gaussian-process
components with one kernel G (for plain multinomial logistic regression r = K, B = 1 and G = X P^-1 X' for
weights of prior precision P), and minimises

    sum_i s_i * cross_entropy(y_i, softmax(m_i + B w_i + b)) + 1/2 * sum_j w_j' G^-1 w_j.

The optimum is w = G A, so only n x r numbers A are unknown, not d x K, and there every graded answer pulls by
what is still wrong with it: A_i = s_i B' (y_i - p_i).

The Newton step needs Q = (H^-1 + G)^-1, where H is the Hessian of the first term. Two forms of it:

- B = 1: H is diagonal minus a rank-one coupling of the grades. K factorisations of n x n (one per grade) and
    one of
  their sum give Q instead of one of n K x n K: Rasmussen and Williams, Gaussian Processes for Machine
  Learning (2006), section 3.5.2 and algorithm 3.3.
- B given: H is a small r x r block C C' for every answer, and Q = C (1 + C' G C)^-1 C' costs one n r x n r
solve.

Backtracking makes the steps safe everywhere: the objective is convex, so there is one minimum and nowhere
else to stop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.factors import Floats, GradewiseFactor, factorise

__all__ = ["NO_GRADE", "Floats", "SoftmaxFit", "fit_softmax", "softmax"]

NO_GRADE = -1e9
"""Offset that takes a grade out of one problem of a batch, so that questions of any scale share it."""


@dataclass(frozen=True)
class SoftmaxFit:
    """A batch of B fitted problems with n answers and K grades each."""

    dual: Floats
    """(B, n, r): A above. New logits are offset + (kernel to the fitted answers) @ dual @ basis' + intercept.
    """
    intercept: Floats
    """(B, K): zeros when no intercept was fitted; otherwise sums to 0."""
    probabilities: Floats
    """(B, n, K): of the fitted answers."""
    residual: Floats
    """(B,): largest absolute entry of A - s B' (y - p) and of the intercept's gradient; 0 at the exact
    optimum.
    """
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
    intercept: bool = False,
    start: tuple[Floats, Floats] | None = None,
    tolerance: float = 1e-9,
    max_steps: int = 100,
) -> SoftmaxFit:
    """Fit a batch of problems to the one minimum of each.

    Args:
        kernel: (B, n, n), symmetric positive semi-definite: X P^-1 X'.
        targets: (B, n, K), rows that sum to 1 (one-hot for plain grades).
        weights: (B, n), at least 0; 0 takes an answer out, so problems of different sizes share a batch.
            Default 1.
        offsets: (B, n, K): the prior mean's logits; `NO_GRADE` takes a grade out. Default 0.
        basis: (B, K, r) directions in which logits can move. Default: every grade its own.
        intercept: Also fit one unpenalised number per grade (without a basis only).
        start: `dual` and `intercept` to begin from (a fit before one grade changed). Default zeros.
        tolerance: Stop a problem when its `residual` is at most this, relative to its largest weight.
        max_steps: Newton steps at most; ten are usual.

    Returns:
        The fits, with the residual each one reached.
    """
    batch, count, grades = targets.shape
    weights = np.ones((batch, count)) if weights is None else np.asarray(weights, dtype=np.float64)
    offsets = np.zeros(targets.shape) if offsets is None else np.broadcast_to(offsets, targets.shape)
    width = grades if basis is None else basis.shape[-1]
    if intercept and basis is not None:
        raise ValueError("an intercept cannot be fitted in a basis; put a constant into the kernel instead")
    dual = np.zeros((batch, count, width)) if start is None else start[0].copy()
    bias = np.zeros((batch, grades)) if start is None else start[1].copy()
    probabilities = np.empty(targets.shape)
    residual = np.zeros(batch)
    steps = np.zeros(batch, dtype=np.int64)
    active = np.arange(batch)
    for step in range(max_steps + 1):
        whole = len(active) == batch
        part = slice(None) if whole else active
        chosen_basis = None if basis is None else basis[part]
        problem = _Problem(kernel[part], targets[part], weights[part], offsets[part], chosen_basis, intercept)
        moved = problem.spread(kernel[part] @ dual[part]) + bias[part][:, None, :]
        probability = softmax(problem.offsets + moved)
        probabilities[part] = probability
        residual[part] = problem.residual(dual[part], probability)
        going = residual[part] > tolerance * np.maximum(problem.weights.max(axis=1), 1e-300)
        if step == max_steps or not going.any():
            break
        if not going.all():
            active = active[going]
            problem, moved, probability = problem.take(going), moved[going], probability[going]
        steps[active] += 1
        change, shift = problem.newton_step(dual[active], probability)
        length = problem.backtrack(dual[active], moved, change, shift)
        dual[active] += length[:, None, None] * change
        bias[active] += length[:, None] * shift
        if not length.any():
            break
    return SoftmaxFit(dual, bias, probabilities, residual, steps)


@dataclass(frozen=True)
class _Problem:
    kernel: Floats
    targets: Floats
    weights: Floats
    offsets: Floats
    basis: Floats | None
    intercept: bool

    def take(self, chosen: npt.NDArray[np.bool_]) -> _Problem:
        basis = None if self.basis is None else self.basis[chosen]
        return _Problem(
            self.kernel[chosen],
            self.targets[chosen],
            self.weights[chosen],
            self.offsets[chosen],
            basis,
            self.intercept,
        )

    def spread(self, latent: Floats) -> Floats:
        return latent if self.basis is None else latent @ np.swapaxes(self.basis, 1, 2)

    def pull(self, probability: Floats) -> Floats:
        pulls: Floats = self.weights[..., None] * (self.targets - probability)
        return pulls if self.basis is None else pulls @ self.basis

    def residual(self, dual: Floats, probability: Floats) -> Floats:
        pull = self.pull(probability)
        worst: Floats = np.abs(dual - pull).max(axis=(1, 2))
        if self.intercept:
            worst = np.maximum(worst, np.abs(pull.sum(axis=1)).max(axis=1))
        return worst

    def objective(self, logits: Floats, prior: Floats) -> Floats:
        top = logits.max(axis=-1, keepdims=True)
        spread = np.log(np.exp(logits - top).sum(axis=-1)) + top[..., 0]
        losses = self.weights * (spread - (self.targets * logits).sum(axis=-1))
        total: Floats = losses.sum(axis=1) + 0.5 * prior
        return total

    def newton_step(self, dual: Floats, probability: Floats) -> tuple[Floats, Floats]:
        """The full Newton step (change of dual, change of bias) where the fit's probabilities are
        `probability`.

        Written as a change, driven by what is still unsolved, so that rounding shrinks with every step.
        """
        factor = factorise(self.kernel, probability, self.weights, self.basis)
        unsolved = self.pull(probability) - dual
        change = unsolved - factor.apply(self.kernel @ unsolved)
        if not self.intercept:
            return change, np.zeros((len(dual), probability.shape[-1]))
        assert isinstance(factor, GradewiseFactor)
        # sum_i A_i = 0 for every grade decides the intercept; adding the same number to all of them changes
        # nothing, so the system is singular in that direction until it is asked to sum to 0.
        grades = dual.shape[-1]
        sums = np.swapaxes(factor.blocks.sum(axis=-1), 1, 2)
        system = -np.swapaxes(sums, 1, 2) @ factor.coupling @ sums
        system[:, np.arange(grades), np.arange(grades)] += sums.sum(axis=1)
        system += 1.0 / grades
        bias = np.linalg.solve(system, (dual + change).sum(axis=1)[..., None])[..., 0]
        ones = np.broadcast_to(bias[:, None, :], dual.shape)
        return change - factor.apply(ones), bias

    def backtrack(self, dual: Floats, moved: Floats, change: Floats, bias_change: Floats, halvings: int = 40) -> Floats:
        """(B,) step lengths in 0 … 1 that lower the objective enough (Armijo's rule, by halving)."""
        fitted, shift = self.kernel @ dual, self.kernel @ change
        direction = self.spread(shift) + bias_change[:, None, :]
        at_start = (dual * fitted).sum(axis=(1, 2))
        cross, square = (change * fitted).sum(axis=(1, 2)), (change * shift).sum(axis=(1, 2))
        logits = self.offsets + moved
        before = self.objective(logits, at_start)
        wrong = self.weights[..., None] * (self.targets - softmax(logits))
        slope = cross - (wrong * direction).sum(axis=(1, 2))
        # Below this the objective's own rounding hides any decrease, and the Newton step is right anyway.
        slack = 1e-13 * (1.0 + np.abs(before))
        length = np.ones(len(dual))
        for _ in range(halvings):
            prior = at_start + 2 * length * cross + length**2 * square
            after = self.objective(logits + length[:, None, None] * direction, prior)
            bad = ~(after <= before + 1e-4 * length * slope + slack)
            if not bad.any():
                return length
            length[bad] *= 0.5
        length[bad] = 0.0
        return length
