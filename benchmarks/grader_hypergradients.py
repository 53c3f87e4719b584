"""Hypergradients through the fit: exact, and what they cost beside the alternatives.

    python benchmarks/grader_hypergradients.py --plot hypergradients.png

One batch of random questions, 25 answers, 11 grades. The same loss is differentiated by the same hyperparameters (the
answers' features, from which the kernel follows) in three ways: implicitly with the reused factorisation, by unrolled
automatic differentiation of Newton steps in torch, and by `torchopt.diff.implicit.custom_root` (if torchopt is there)
around the same forward fit, with its conjugate-gradient solve. CPU times, interleaved; memory is what autograd saved.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grader.meta.implicit import fit_dual


class SavedBytes(torch.autograd.graph.saved_tensors_hooks):
    """Counts what autograd keeps for the backward pass, every storage once."""

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}
        super().__init__(self._pack, lambda tensor: tensor)

    def _pack(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        self.sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    @property
    def total(self) -> int:
        return sum(self.sizes.values())


class Problem:
    def __init__(self, batch: int, seed: int, n: int = 25, grades: int = 11, width: int = 384, r: int = 2) -> None:
        generator = np.random.default_rng(seed)
        make = lambda *shape: torch.from_numpy(generator.normal(size=shape))  # noqa: E731
        self.features = make(batch, n, width) / width**0.5
        self.query = make(batch, n, width) / width**0.5
        self.targets = torch.eye(grades, dtype=torch.float64)[
            torch.from_numpy(generator.integers(0, grades, (batch, n)))
        ]
        self.truth = torch.eye(grades, dtype=torch.float64)[torch.from_numpy(generator.integers(0, grades, (batch, n)))]
        self.offsets = torch.zeros(batch, n, grades, dtype=torch.float64)
        self.weights = torch.ones(batch, n, dtype=torch.float64)
        level = torch.linspace(-1, 1, grades, dtype=torch.float64)
        self.basis = torch.stack([3 * level, 1.5 * (1.5 * level**2 - 0.5)], dim=-1)[:, :r].expand(batch, grades, r)
        self.log_variance = torch.zeros(width, dtype=torch.float64)

    def loss(self, log_variance: torch.Tensor, fit: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        scaled = self.features * torch.exp(log_variance)
        kernel = 5 * scaled @ self.features.transpose(-1, -2)
        cross = 5 * (self.query * torch.exp(log_variance)) @ self.features.transpose(-1, -2)
        logits = (cross @ fit(kernel)) @ self.basis.transpose(-1, -2)
        return -(self.truth * torch.log_softmax(logits, dim=-1)).sum()

    def implicit(self, kernel: torch.Tensor, steps: int = 100) -> torch.Tensor:
        return fit_dual(
            kernel,
            self.targets,
            offsets=self.offsets,
            weights=self.weights,
            basis=self.basis,
            tolerance=1e-12,
            max_steps=steps,
        )

    def unrolled(self, kernel: torch.Tensor, steps: int = 8) -> torch.Tensor:
        batch, n, _ = self.targets.shape
        r = self.basis.shape[-1]
        dual = torch.zeros(batch, n, r, dtype=torch.float64)
        eye = torch.eye(n * r, dtype=torch.float64)
        for _ in range(steps):
            probability = torch.softmax(self.offsets + kernel @ dual @ self.basis.transpose(-1, -2), dim=-1)
            mean = probability @ self.basis
            second = torch.einsum("bnk,bka,bkc->bnac", probability, self.basis, self.basis)
            hessian = second - mean[..., :, None] * mean[..., None, :]
            system = torch.einsum("biac,bij->biajc", hessian, kernel).reshape(batch, n * r, n * r)
            wrong = (self.targets - probability) @ self.basis - dual
            dual = dual + torch.linalg.solve(eye + system, wrong.reshape(batch, n * r)).reshape(batch, n, r)
        return dual

    def by_torchopt(self) -> Callable[[torch.Tensor], torch.Tensor]:
        from torchopt.diff.implicit import custom_root
        from torchopt.linear_solve import solve_normal_cg

        def condition(dual: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
            return optimality(kernel, self.offsets, self.basis, self.targets, self.weights, dual) - dual

        @custom_root(condition, argnums=1, solve=solve_normal_cg(rtol=1e-10, atol=1e-10, maxiter=2000))
        def fit(start: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                return self.implicit(kernel)

        start = torch.zeros(*self.targets.shape[:2], self.basis.shape[-1], dtype=torch.float64)
        return lambda kernel: fit(start, kernel)


def gradient(problem: Problem, fit: Callable[[torch.Tensor], torch.Tensor]) -> tuple[torch.Tensor, float, float, int]:
    """(gradient, seconds of the whole, seconds of the backward pass alone, bytes saved)."""
    leaf = problem.log_variance.clone().requires_grad_()
    begun = time.process_time()
    saved = SavedBytes()
    with saved:
        loss = problem.loss(leaf, fit)
    middle = time.process_time()
    loss.backward()
    ended = time.process_time()
    assert leaf.grad is not None
    return leaf.grad, ended - begun, ended - middle, saved.total


def central_differences(problem: Problem, entries: int) -> float:
    exact = gradient(problem, problem.implicit)[0]
    worst = 0.0
    for entry in range(entries):
        step = torch.zeros_like(problem.log_variance)
        step[entry] = 1e-4
        with torch.no_grad():
            ahead = problem.loss(problem.log_variance + step, problem.implicit)
            behind = problem.loss(problem.log_variance - step, problem.implicit)
        worst = max(worst, abs(float((ahead - behind) / 2e-4 - exact[entry])) / float(exact.abs().max()))
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    problem = Problem(arguments.batch, arguments.seed)
    output: dict[str, Any] = {"central_differences": central_differences(problem, 20)}
    ways: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "implicit": problem.implicit,
        "unrolled, 8 steps": problem.unrolled,
        "unrolled, 30 steps": lambda kernel: problem.unrolled(kernel, 30),
    }
    try:
        ways["torchopt custom_root"] = problem.by_torchopt()
    except ImportError:
        print("torchopt is not installed; left out", file=sys.stderr)
    found: dict[str, list[tuple[torch.Tensor, float, float, int]]] = {name: [] for name in ways}
    for _ in range(arguments.rounds):
        for name, fit in ways.items():
            found[name].append(gradient(problem, fit))
    exact = found["implicit"][0][0]
    for name, runs in found.items():
        whole, backward = (float(np.median([run[part] for run in runs])) for part in (1, 2))
        base, base_backward = (float(np.median([run[part] for run in found["implicit"]])) for part in (1, 2))
        output[name] = {
            "whole_ms": 1e3 * whole,
            "backward_ms": 1e3 * backward,
            "whole_ratio": whole / base,
            "backward_ratio": backward / base_backward,
            "saved_megabytes": runs[0][3] / 1e6,
            "difference_from_implicit": float((runs[0][0] - exact).abs().max() / exact.abs().max()),
        }
    counts = [2, 4, 8, 16, 32]
    output["memory_by_steps"] = {
        "steps": counts,
        "implicit": [gradient(problem, lambda k, s=s: problem.implicit(k, s))[3] / 1e6 for s in counts],
        "unrolled": [gradient(problem, lambda k, s=s: problem.unrolled(k, s))[3] / 1e6 for s in counts],
    }
    print(json.dumps(output, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(output, indent=1), encoding="utf-8")
    if arguments.plot:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        figure, axis = plt.subplots(figsize=(6, 4))
        for name in ("implicit", "unrolled"):
            axis.plot(counts, output["memory_by_steps"][name], "o-", label=name)
        axis.set(xlabel="Newton steps", ylabel="MB kept for the gradient", yscale="log")
        axis.legend()
        figure.savefig(arguments.plot, dpi=120, bbox_inches="tight")
    return 0


if __name__ == "__main__":
    sys.exit(main())
