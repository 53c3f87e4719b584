"""The coordinates in which `grader.rows` fits: the logits' Hessian by them is close to the identity.

For rows X (n, d), T = (X, 1) with an intercept and T = X without, P = diag(1, …, 1, 0 for the intercept) and a
curvature h of every answer, M = P + T' diag(h) T is close to the Hessian for one grade. With R R' = N = T M^-1 T' the
logits are R u for the coordinates u of the weights, and |u|^2 = the penalty + sum_i h_i (R u)_i^2. R is all it takes.
For up to d rows it is the Cholesky factor of N, (n, n); the intercept adds e e' / (h' e) to the N of X alone, with
e = 1 - X (1 + X' diag(h) X)^-1 X' h (block inversion). For more rows it is (n, d) and a column for the intercept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

JITTER = 1e-14
"""Added to N's diagonal as a share of its trace, so that equal rows have a Cholesky factor."""


@dataclass(frozen=True)
class Coupling:
    """R of a batch of B problems."""

    curvature: Floats
    """(B, n, 1): h, at least 0, one of a problem above 0."""
    root: Floats
    """(B, n, q): R."""
    turned: Floats
    """(B, q, n): its transpose, as it lies in memory or not."""
    gram: Floats | None
    """(B, n, n): X X', where there are no more rows than columns."""
    intercept: bool

    def curved(self, curvature: Floats) -> Coupling:
        """The same rows with another h, or as they are where R is costly."""
        if self.gram is None:
            return self
        return _coupling(curvature, _wide_root(self.gram, curvature, self.intercept), self.gram, self.intercept)

    def coordinates(self, logits: Floats) -> Floats:
        """(B, q, K): u of logits (B, n, K) that some weights give, where there are no more rows than columns."""
        return np.asarray(np.linalg.solve(self.root, logits), dtype=np.float64)

    def take(self, chosen: npt.NDArray[np.bool_]) -> Coupling:
        """Some problems of the batch."""
        gram = None if self.gram is None else self.gram[chosen]
        return _coupling(self.curvature[chosen], self.root[chosen], gram, self.intercept)


def couple(rows: Floats, curvature: Floats, intercept: bool) -> Coupling:
    """The coupling of rows (B, n, d) with curvatures (B, n, 1)."""
    if rows.shape[1] <= rows.shape[2]:
        gram = rows @ rows.swapaxes(1, 2)
        return _coupling(curvature, _wide_root(gram, curvature, intercept), gram, intercept)
    turned = rows.swapaxes(1, 2)
    inverse = np.linalg.inv(np.linalg.cholesky(_plus(turned @ (curvature * rows), 1.0)))
    root = rows @ inverse.swapaxes(1, 2)
    if intercept:
        root = np.concatenate([root, _edge(root @ (root.swapaxes(1, 2) @ curvature), curvature)], axis=2)
    return _coupling(curvature, root, None, intercept)


def _coupling(curvature: Floats, root: Floats, gram: Floats | None, intercept: bool) -> Coupling:
    return Coupling(curvature, root, root.swapaxes(1, 2), gram, intercept)


def _wide_root(gram: Floats, curvature: Floats, intercept: bool) -> Floats:
    mixed = np.asarray(np.linalg.solve(_plus(gram * curvature.swapaxes(1, 2), 1.0), gram), dtype=np.float64)
    if intercept:
        edge = _edge(mixed @ curvature, curvature)
        mixed += edge * edge.swapaxes(1, 2)
    trace = np.einsum("bii->b", mixed)[:, None]
    return np.asarray(np.linalg.cholesky(_plus(mixed, JITTER * np.maximum(trace, 1e-300))), dtype=np.float64)


def _edge(reached: Floats, curvature: Floats) -> Floats:
    edge = 1.0 - reached
    scaled: Floats = edge / np.sqrt(curvature.swapaxes(1, 2) @ edge)
    return scaled


def _plus(matrices: Floats, more: Floats | float) -> Floats:
    np.einsum("bii->bi", matrices)[...] += more
    return matrices
