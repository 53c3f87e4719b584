"""Factorised Hessians of the softmax: what turns a Newton step, or an implicit gradient, into matrix products.

Q = (H^-1 + G)^-1 for a batch of problems; see `grader.newton` for the two forms and their sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FLOOR = 1e-14
"""Added to the r x r blocks of H, so that a grade that is certain still has a Cholesky factor."""


class Factor(Protocol):
    """A factorised Hessian of a batch of problems."""

    def apply(self, values: Floats) -> Floats:
        """Q v for v of shape (B, n, r)."""
        ...


@dataclass(frozen=True)
class GradewiseFactor:
    """The Hessian of plain multinomial logistic regression (r = K)."""

    blocks: Floats
    """(B, K, n, n): E_c = D_c^1/2 (1 + D_c^1/2 G D_c^1/2)^-1 D_c^1/2 for every grade c."""
    coupling: Floats
    """(B, n, n): inverse of the sum of `blocks` over the grades."""

    def apply(self, values: Floats) -> Floats:
        """Q v for v of shape (B, n, K)."""
        columns = np.swapaxes(values, 1, 2)[..., None]
        own = (self.blocks @ columns)[..., 0]
        shared = self.coupling @ own.sum(axis=1)[..., None]
        return np.swapaxes(own - (self.blocks @ shared[:, None])[..., 0], 1, 2)


@dataclass(frozen=True)
class BasisFactor:
    """The Hessian where the logits move in the r directions of a basis."""

    roots: Floats
    """(B, n, r, r): lower triangular C_i with C_i C_i' = H_i."""
    inner: Floats
    """(B, n r, n r): inverse of 1 + C' G C."""

    def apply(self, values: Floats) -> Floats:
        """Q v for v of shape (B, n, r)."""
        batch, count, width = values.shape
        inside = np.swapaxes(self.roots, -1, -2) @ values[..., None]
        solved = self.inner @ inside.reshape(batch, count * width, 1)
        applied: Floats = (self.roots @ solved.reshape(batch, count, width, 1))[..., 0]
        return applied

    def diagonal_blocks(self) -> Floats:
        """(B, n, r, r): for every answer its own block of the inverse of 1 + C' G C."""
        batch, count, width, _ = self.roots.shape
        blocks = self.inner.reshape(batch, count, width, count, width)
        answers = np.arange(count)
        return np.moveaxis(blocks[:, answers, :, answers, :], 0, 1)


def factorise(
    kernel: Floats, probabilities: Floats, weights: Floats, basis: Floats | None = None
) -> GradewiseFactor | BasisFactor:
    """Factor the Hessian of a batch: kernel (B, n, n), probabilities (B, n, K), weights (B, n), basis (B, K,
    r).
    """
    if basis is None:
        return _factorise_gradewise(kernel, probabilities, weights)
    mean = probabilities @ basis
    pairs = basis[..., :, None] * basis[..., None, :]
    blocks = (probabilities @ pairs.reshape(*basis.shape[:2], -1)).reshape(*mean.shape, -1)
    blocks = (blocks - mean[..., :, None] * mean[..., None, :]) * weights[..., None, None]
    batch, count, width = mean.shape
    blocks[..., np.arange(width), np.arange(width)] += FLOOR
    roots = small_cholesky(blocks)
    flat = np.moveaxis(roots, 2, 3).reshape(batch, count * width, width)
    inner = (flat @ np.swapaxes(flat, 1, 2)).reshape(batch, count, width, count, width)
    inner *= kernel[:, :, None, :, None]
    inner = inner.reshape(batch, count * width, count * width)
    inner[:, np.arange(count * width), np.arange(count * width)] += 1.0
    return BasisFactor(roots, np.asarray(np.linalg.inv(inner), dtype=np.float64))


def small_cholesky(matrices: Floats) -> Floats:
    """Lower Cholesky factors of tiny positive semi-definite matrices (…, r, r); what rounding made negative
    is 0.
    """
    width = matrices.shape[-1]
    root = np.zeros_like(matrices)
    for column in range(width):
        rest = matrices[..., column, column] - (root[..., column, :column] ** 2).sum(axis=-1)
        pivot = np.sqrt(np.maximum(rest, FLOOR))
        root[..., column, column] = pivot
        for row in range(column + 1, width):
            product = (root[..., row, :column] * root[..., column, :column]).sum(axis=-1)
            root[..., row, column] = (matrices[..., row, column] - product) / pivot
    return root


def _factorise_gradewise(kernel: Floats, probabilities: Floats, weights: Floats) -> GradewiseFactor:
    curvature = np.swapaxes(probabilities, 1, 2) * weights[:, None, :]
    root = np.sqrt(curvature)
    scaled = root[..., :, None] * kernel[:, None] * root[..., None, :]
    diagonal = np.arange(kernel.shape[-1])
    scaled[..., diagonal, diagonal] += 1.0
    blocks = np.asarray(np.linalg.inv(scaled), dtype=np.float64)
    blocks *= root[..., :, None]
    blocks *= root[..., None, :]
    total: Floats = blocks.sum(axis=1)
    # An answer of weight 0 has no block; 1 on the diagonal keeps the sum invertible and changes nothing else.
    total[:, diagonal, diagonal] += weights <= 0
    return GradewiseFactor(blocks, np.asarray(np.linalg.inv(total), dtype=np.float64))
