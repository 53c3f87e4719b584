"""Newton steps of plain softmax regression by conjugate gradients: no factorisation per step, one per problem.

The Newton step (change of A, change of b) of `grader.newton` solves

    (1 + H G) dA + H 1 db = s (y - p) - A,        1' H (G dA + 1 db) = 1' s (y - p).

This operator is symmetric and positive in the inner product <A, A'>_G + <b, b'> (in the weights' own coordinates it is
the ordinary Hessian), so conjugate gradients apply, and one product with G per iteration is all the work.
Preconditioned by (1 + h G)^-1 with the mean curvature h, a few dozen iterations do for a whole fit, whatever K is. The
steps are inexact far from the optimum and exact near it (Dembo, Eisenstat and Steihaug, Inexact Newton Methods, 1982).
"""

from __future__ import annotations

import numpy as np

from grader.newton import Floats


class ConjugateSteps:
    """Newton steps for a batch of problems with kernel (B, n, n), weights (B, n) and K grades."""

    def __init__(self, kernel: Floats, weights: Floats, grades: int) -> None:
        count = kernel.shape[-1]
        curvature = weights.mean(axis=1) * (grades - 1) / grades**2
        shifted = curvature[:, None, None] * kernel
        shifted[:, np.arange(count), np.arange(count)] += 1.0
        inverse = np.asarray(np.linalg.inv(shifted), dtype=np.float64)
        self._kernel = kernel
        self._stacked = np.concatenate([inverse, kernel @ inverse], axis=1)
        counted = (weights > 0).astype(np.float64)
        flat = np.abs(kernel @ counted[..., None]).max(axis=(1, 2)) <= 1e-9 * np.abs(kernel).max(axis=(1, 2))
        # A centred kernel does not see a constant added to a column of A, so nothing else would keep it from drifting.
        self._even = counted * flat[:, None] / np.maximum(counted.sum(axis=1, keepdims=True), 1.0)
        self._bias_scale = 1.0 / np.maximum(weights.sum(axis=1) * (grades - 1) / grades**2, 1e-300)

    def take(self, chosen: np.ndarray) -> ConjugateSteps:
        """The steps of some of the problems."""
        other = object.__new__(ConjugateSteps)
        other._kernel, other._stacked = self._kernel[chosen], self._stacked[chosen]
        other._bias_scale, other._even = self._bias_scale[chosen], self._even[chosen]
        return other

    def step(
        self, probability: Floats, weights: Floats, unsolved: Floats, bias_unsolved: Floats | None, accuracy: Floats
    ) -> tuple[Floats, Floats]:
        """Solve for the step until the residual has shrunk by `accuracy` (B,).

        Args:
            probability: (B, n, K) at the present fit.
            weights: (B, n).
            unsolved: (B, n, K): s (y - p) - A.
            bias_unsolved: (B, K): 1' s (y - p), or None without an intercept.
            accuracy: (B,), below 1.

        Returns:
            Change of the dual (B, n, K) and of the bias (B, K).
        """
        batch, count, grades = probability.shape
        curved = weights[..., None] * probability
        residual, bias_residual = unsolved.copy(), bias_unsolved
        bias_unsolved_sum = 0.0 if bias_unsolved is None else bias_unsolved
        solution, bias = np.zeros_like(unsolved), np.zeros((batch, grades))
        moved, kernel_moved = self._precondition(residual)
        direction, kernel_direction = moved, kernel_moved
        size = _inner(residual, kernel_moved)
        bias_direction = np.zeros((batch, grades))
        if bias_residual is not None:
            bias_moved = self._bias_scale[:, None] * bias_residual
            bias_direction = bias_moved
            size = size + (bias_residual * bias_moved).sum(axis=1)
        goal = accuracy**2 * size
        for _ in range(3 * (count * grades + grades)):
            logits = kernel_direction + bias_direction[:, None, :]
            bent = curved * (logits - (probability * logits).sum(axis=-1, keepdims=True))
            energy = _inner(direction, kernel_direction) + _inner(logits, bent)
            going = (size > goal) & (energy > 0)
            if not going.any():
                break
            length = np.where(going, size / np.where(energy > 0, energy, 1.0), 0.0)
            wide = length[:, None, None]
            solution += wide * direction
            residual -= wide * (direction + bent)
            moved, kernel_moved = self._precondition(residual)
            new_size = _inner(residual, kernel_moved)
            if bias_residual is not None:
                bias += length[:, None] * bias_direction
                bias_residual = bias_residual - length[:, None] * bent.sum(axis=1)
                bias_moved = self._bias_scale[:, None] * bias_residual
                new_size = new_size + (bias_residual * bias_moved).sum(axis=1)
            ratio = np.where(going, new_size / np.where(size > 0, size, 1.0), 0.0)
            direction = moved + ratio[:, None, None] * direction
            kernel_direction = kernel_moved + ratio[:, None, None] * kernel_direction
            if bias_residual is not None:
                bias_direction = bias_moved + ratio[:, None] * bias_direction
            size = np.where(going, new_size, size)
        if bias_residual is not None:
            # At the optimum every column of A sums to 0; sums are 1' s (y - p) minus those of `unsolved`.
            excess = solution.sum(axis=1) - unsolved.sum(axis=1) + bias_unsolved_sum
            solution -= self._even[..., None] * excess[:, None, :]
        return solution, bias

    def _precondition(self, residual: Floats) -> tuple[Floats, Floats]:
        both = self._stacked @ residual
        count = residual.shape[1]
        return both[:, :count], both[:, count:]


def _inner(left: Floats, right: Floats) -> Floats:
    product: Floats = np.einsum("bnk,bnk->b", left, right)
    return product
