"""The fit as a differentiable function of its inputs, by the implicit function theorem.

At the optimum A = R(A, theta) with R = s (Y - softmax(M + G A B')) B, so dA = (1 + H G)^-1 dR/dtheta dtheta. The
gradient of a loss L needs one solve, u = (1 + G H)^-1 dL/dA, with the matrix that Newton's method uses, and then the
derivative of <u, R> by theta at fixed A: a few products of small matrices. The fit runs in numpy and nothing is kept
of its steps, so memory does not depend on their number. (Christianson, Reverse accumulation and implicit
functions, 1998; Rajeswaran et al., Meta-Learning with Implicit Gradients, 2019.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from grader.factors import Floats, factorise_gradewise, solve_newton
from grader.newton import fit_softmax


class _FitDual(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        kernel: torch.Tensor,
        offsets: torch.Tensor,
        basis: torch.Tensor | None,
        targets: torch.Tensor,
        weights: torch.Tensor,
        tolerance: float,
        max_steps: int,
    ) -> torch.Tensor:
        fit = fit_softmax(
            kernel.detach().numpy(),
            targets.detach().numpy(),
            weights=weights.detach().numpy(),
            offsets=offsets.detach().numpy(),
            basis=None if basis is None else basis.detach().numpy(),
            tolerance=tolerance,
            max_steps=max_steps,
        )
        dual = torch.from_numpy(fit.dual)
        ctx.save_for_backward(kernel, targets, weights, dual, torch.from_numpy(fit.probabilities), basis)
        return dual

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        kernel, targets, weights, dual, probabilities = (item.detach().numpy() for item in ctx.saved_tensors[:5])
        basis = None if ctx.saved_tensors[5] is None else ctx.saved_tensors[5].detach().numpy()
        upstream = np.ascontiguousarray(gradients[0].detach().numpy())
        adjoint = _adjoint(kernel, probabilities, weights, basis, upstream)
        # <u, R> by the probabilities, then by the logits (softmax), then by what the logits are made of.
        pulled = adjoint if basis is None else adjoint @ basis.swapaxes(1, 2)
        counted = weights[..., None]
        by_logits = counted * probabilities * (np.vecdot(probabilities, pulled)[..., None] - pulled)
        wrong = targets - probabilities
        by_latent = by_logits if basis is None else by_logits @ basis
        by_basis = None
        if basis is not None and ctx.needs_input_grad[2]:
            by_basis = by_logits.swapaxes(1, 2) @ (kernel @ dual) + (counted * wrong).swapaxes(1, 2) @ adjoint
        found = (
            by_latent @ dual.swapaxes(1, 2),
            by_logits,
            by_basis,
            counted * pulled,
            np.vecdot(wrong, pulled),
        )
        return (*(None if item is None else torch.from_numpy(item) for item in found), None, None)


def _adjoint(kernel: Floats, probabilities: Floats, weights: Floats, basis: Floats | None, upstream: Floats) -> Floats:
    """(1 + G H)^-1 upstream, (B, n, r)."""
    if basis is None:
        return upstream - kernel @ factorise_gradewise(kernel, probabilities, weights).apply(upstream)
    return solve_newton(kernel, probabilities, weights, basis, upstream, transposed=True)


def fit_dual(
    kernel: torch.Tensor,
    targets: torch.Tensor,
    *,
    offsets: torch.Tensor,
    weights: torch.Tensor,
    basis: torch.Tensor | None = None,
    tolerance: float = 1e-9,
    max_steps: int = 100,
) -> torch.Tensor:
    """`grader.newton.fit_softmax` in torch: the dual (B, n, r), differentiable in every tensor.

    Args:
        kernel: (B, n, n) float64, symmetric positive semi-definite.
        targets: (B, n, K) float64.
        offsets: (B, n, K) float64.
        weights: (B, n) float64.
        basis: (B, K, r) float64, or None for every grade its own direction.
        tolerance: As in `fit_softmax`; the gradient is as exact as the fit.
        max_steps: As in `fit_softmax`.
    """
    apply: Callable[..., torch.Tensor] = _FitDual.apply
    return apply(kernel, offsets, basis, targets, weights, tolerance, max_steps)
