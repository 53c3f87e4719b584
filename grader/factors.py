"""Factorised Hessians of the softmax: what turns a Newton step, or an implicit gradient, into matrix products.

For a batch of problems of `grader.newton` with kernel G and Hessian H of the loss, Q = (H^-1 + G)^-1, in two forms:

- Without a basis H is diagonal minus a rank-one coupling of the grades. K factorisations of n x n (one per grade) and
  one of their sum give Q instead of one of n K x n K: Rasmussen and Williams, Gaussian Processes for Machine Learning
  (2006), section 3.5.2 and algorithm 3.3.
- With a basis H is a small r x r block C C' for every answer, and Q = C (1 + C' G C)^-1 C'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FLOOR = 1e-14
"""Added to the r x r blocks of H, so that a grade that is certain still has a Cholesky factor."""


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

    def diagonal_blocks(self) -> Floats:
        """(B, n, r, r): for every answer its own block of the inverse of 1 + C' G C."""
        batch, count, width, _ = self.roots.shape
        blocks = self.inner.reshape(batch, count, width, count, width)
        answers = np.arange(count)
        return np.moveaxis(blocks[:, answers, :, answers, :], 0, 1)


def hessian_blocks(probabilities: Floats, weights: Floats, basis: Floats) -> Floats:
    """(B, n, r, r): the blocks s (B' diag(p) B - B' p p' B) of H, from (B, n, K), (B, n) and (B, K, r)."""
    mean = probabilities @ basis
    pairs = basis[..., :, None] * basis[..., None, :]
    blocks = (probabilities @ pairs.reshape(*basis.shape[:2], -1)).reshape(*mean.shape, -1)
    blocks -= mean[..., :, None] * mean[..., None, :]
    blocks *= weights[..., None, None]
    return blocks


def solve_newton(
    kernel: Floats, probabilities: Floats, weights: Floats, basis: Floats, values: Floats, transposed: bool = False
) -> Floats:
    """(1 + H G)^-1 v, or (1 + G H)^-1 v, for v of shape (B, n, r)."""
    blocks = hessian_blocks(probabilities, weights, basis)
    batch, count, width, _ = blocks.shape
    # Direction by direction: the innermost loops run over answers, of which there are more than directions.
    spread = np.ascontiguousarray(blocks.transpose(0, 2, 1, 3))[..., None]
    if transposed:
        system = spread.transpose(0, 3, 4, 1, 2) * kernel[:, None, :, None, :]
    else:
        system = spread * kernel[:, None, :, None, :]
    system = system.reshape(batch, width * count, width * count)
    np.einsum("bii->bi", system)[...] += 1.0
    solved = np.linalg.solve(system, values.swapaxes(1, 2).reshape(batch, -1, 1))
    return np.ascontiguousarray(solved.reshape(batch, width, count).swapaxes(1, 2))


def factorise(kernel: Floats, probabilities: Floats, weights: Floats, basis: Floats) -> BasisFactor:
    """Factor the Hessian of a batch: kernel (B, n, n), probabilities (B, n, K), weights (B, n), basis (B, K, r)."""
    blocks = hessian_blocks(probabilities, weights, basis)
    batch, count, width, _ = blocks.shape
    blocks[..., np.arange(width), np.arange(width)] += FLOOR
    roots = small_cholesky(blocks)
    flat = np.moveaxis(roots, 2, 3).reshape(batch, count * width, width)
    inner = (flat @ np.swapaxes(flat, 1, 2)).reshape(batch, count, width, count, width)
    inner *= kernel[:, :, None, :, None]
    inner = inner.reshape(batch, count * width, count * width)
    np.einsum("bii->bi", inner)[...] += 1.0
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


def factorise_gradewise(kernel: Floats, probabilities: Floats, weights: Floats) -> GradewiseFactor:
    """Factor the Hessian of a batch without a basis."""
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
