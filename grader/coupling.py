"""How answers move each other in a fit: the preconditioned kernel that `grader.rows` multiplies with.

For rows X (n, d), T = (X, 1) with an intercept and T = X without, P = diag(1, …, 1, 0 for the intercept) and a
curvature h of every answer, N = T (P + T' diag(h) T)^-1 T'. With e = 1 - X (1 + X' diag(h) X)^-1 X' h the intercept
adds e e' / (h' e) to the N of X alone (block inversion), so that 1' (v - diag(h) N v) = 0 for every v.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Coupling(Protocol):
    """N and X X' of a batch of B problems."""

    curvature: Floats
    """(B, n, 1): h."""
    intercept: bool

    def kernel(self, values: Floats) -> Floats:
        """X X' v for v of shape (B, n, K)."""
        ...

    def mix(self, values: Floats) -> Floats:
        """N v for v of shape (B, n, K)."""
        ...

    def curved(self, curvature: Floats) -> Self:
        """The same rows with another h, or as they are where that costs more than it saves."""
        ...

    def take(self, chosen: npt.NDArray[np.bool_]) -> Self:
        """Some problems of the batch."""
        ...


def couple(rows: Floats, curvature: Floats, intercept: bool) -> Coupling:
    """The coupling of rows (B, n, d) with curvatures (B, n, 1), each at least 0, one of a problem above 0."""
    if rows.shape[1] <= rows.shape[2]:
        gram = rows @ rows.swapaxes(1, 2)
        return _WideRows(curvature, gram, _mixed(gram, curvature, intercept), intercept)
    turned = rows.swapaxes(1, 2)
    inverse = np.asarray(np.linalg.inv(_one_more(turned @ (curvature * rows))), dtype=np.float64)
    edge = np.zeros_like(curvature)
    if intercept:
        edge = _edge(rows @ (inverse @ (turned @ curvature)), curvature)
    return _TallRows(curvature, rows, inverse, edge, intercept)


# Protocol members are read-write, so these two are not frozen; nothing assigns to them.
@dataclass
class _WideRows:
    """No more rows than columns: everything is n x n."""

    curvature: Floats
    gram: Floats
    mixed: Floats
    intercept: bool

    def kernel(self, values: Floats) -> Floats:
        product: Floats = self.gram @ values
        return product

    def mix(self, values: Floats) -> Floats:
        product: Floats = self.mixed @ values
        return product

    def curved(self, curvature: Floats) -> _WideRows:
        return _WideRows(curvature, self.gram, _mixed(self.gram, curvature, self.intercept), self.intercept)

    def take(self, chosen: npt.NDArray[np.bool_]) -> _WideRows:
        return _WideRows(self.curvature[chosen], self.gram[chosen], self.mixed[chosen], self.intercept)


@dataclass
class _TallRows:
    """More rows than columns: N stays a product of thin matrices, and h what it was at first."""

    curvature: Floats
    rows: Floats
    inverse: Floats
    """(B, d, d): (1 + X' diag(h) X)^-1."""
    edge: Floats
    """(B, n, 1): e / sqrt(h' e), or 0 without an intercept."""
    intercept: bool

    def kernel(self, values: Floats) -> Floats:
        product: Floats = self.rows @ (self.rows.swapaxes(1, 2) @ values)
        return product

    def mix(self, values: Floats) -> Floats:
        product: Floats = self.rows @ (self.inverse @ (self.rows.swapaxes(1, 2) @ values))
        product += self.edge @ (self.edge.swapaxes(1, 2) @ values)
        return product

    def curved(self, curvature: Floats) -> _TallRows:
        return self

    def take(self, chosen: npt.NDArray[np.bool_]) -> _TallRows:
        rows, inverse, edge = self.rows[chosen], self.inverse[chosen], self.edge[chosen]
        return _TallRows(self.curvature[chosen], rows, inverse, edge, self.intercept)


def _mixed(gram: Floats, curvature: Floats, intercept: bool) -> Floats:
    solved = np.linalg.solve(_one_more(gram * curvature.swapaxes(1, 2)), gram)
    mixed = np.asarray(solved, dtype=np.float64)
    if intercept:
        edge = _edge(mixed @ curvature, curvature)
        mixed += edge * edge.swapaxes(1, 2)
    return mixed


def _edge(reached: Floats, curvature: Floats) -> Floats:
    edge = 1.0 - reached
    scaled: Floats = edge / np.sqrt(curvature.swapaxes(1, 2) @ edge)
    return scaled


def _one_more(matrices: Floats) -> Floats:
    np.einsum("bii->bi", matrices)[...] += 1.0
    return matrices
