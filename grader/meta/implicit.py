"""The fit as a differentiable function of its inputs, by the implicit function theorem.

At the optimum A = R(A, theta) with R = s (Y - softmax(M + G A B')) B, so dA = (1 + H G)^-1 dR/dtheta dtheta. The
gradient of a loss L needs one solve, u = (1 + G H)^-1 dL/dA = dL/dA - G Q dL/dA with the Q that the last Newton step
factorised, and then the derivative of <u, R> by theta at fixed A. Nothing is kept of the Newton steps, so memory does
not depend on their number. (Christianson, Reverse accumulation and implicit functions, 1998; Rajeswaran et al.,
Meta-Learning with Implicit Gradients, 2019.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from grader.factors import factorise
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
        ctx.save_for_backward(kernel, offsets, basis, targets, weights, dual)
        ctx.probabilities = fit.probabilities
        return dual

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        kernel, offsets, basis, targets, weights, dual = ctx.saved_tensors
        factor = factorise(
            kernel.detach().numpy(),
            ctx.probabilities,
            weights.detach().numpy(),
            None if basis is None else basis.detach().numpy(),
        )
        upstream = np.ascontiguousarray(gradients[0].detach().numpy())
        adjoint = upstream - kernel.detach().numpy() @ factor.apply(upstream)
        wanted = [index for index in range(5) if ctx.needs_input_grad[index]]
        with torch.enable_grad():
            leaves = [
                item.detach() for item in (kernel, offsets, targets if basis is None else basis, targets, weights)
            ]
            for index in wanted:
                leaves[index].requires_grad_()
            pull = optimality(leaves[0], leaves[1], None if basis is None else leaves[2], leaves[3], leaves[4], dual)
            found = torch.autograd.grad(pull, [leaves[index] for index in wanted], torch.from_numpy(adjoint))
        answer: list[torch.Tensor | None] = [None] * 7
        for index, gradient in zip(wanted, found, strict=True):
            answer[index] = gradient
        return tuple(answer)


def optimality(
    kernel: torch.Tensor,
    offsets: torch.Tensor,
    basis: torch.Tensor | None,
    targets: torch.Tensor,
    weights: torch.Tensor,
    dual: torch.Tensor,
) -> torch.Tensor:
    """R(A, theta) = s (Y - P) B, (B, n, r); the fit is its fixed point."""
    latent = kernel @ dual
    logits = offsets + (latent if basis is None else latent @ basis.transpose(-1, -2))
    pull = weights[..., None] * (targets - torch.softmax(logits, dim=-1))
    return pull if basis is None else pull @ basis


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
