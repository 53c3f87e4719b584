"""Hypergradients through the fit: exact, and what they cost beside the alternatives.

    python benchmarks/grader_hypergradients.py --plot hypergradients.png

One batch of random questions, 25 answers, 11 grades, as plain softmax regression and in two directions of the grades,
which is what the grader fits. The same loss is differentiated by the same hyperparameters (a variance for every
dimension, from which the kernel follows) in three ways: implicitly, by unrolled automatic differentiation of the same
damped Newton steps in torch, as many as it takes to the same tolerance or a fixed number, and by
`torchopt.diff.implicit.custom_root` (if torchopt is there) around the same forward fit, with its conjugate-gradient
solve. CPU times, interleaved; "added" is without kernel and loss, which all pay alike; memory is what autograd saved.
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

TOLERANCE = 1e-12


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
    """A batch of questions; `directions` of the grades, 0 for every grade its own (plain softmax regression)."""

    def __init__(self, batch: int, seed: int, directions: int, n: int = 25, grades: int = 11, width: int = 384) -> None:
        generator = np.random.default_rng(seed)

        def make(*shape: int) -> torch.Tensor:
            return torch.from_numpy(generator.normal(size=shape))

        def labels() -> torch.Tensor:
            return torch.eye(grades, dtype=torch.float64)[torch.from_numpy(generator.integers(0, grades, (batch, n)))]

        self.features = make(batch, n, width) / width**0.5
        self.query = make(batch, n, width) / width**0.5
        self.targets, self.truth = labels(), labels()
        self.offsets = torch.zeros(batch, n, grades, dtype=torch.float64)
        self.weights = torch.ones(batch, n, dtype=torch.float64)
        level = torch.linspace(-1, 1, grades, dtype=torch.float64)
        polynomials = torch.stack([3 * level, 1.5 * (1.5 * level**2 - 0.5)], dim=-1)[:, :directions]
        self.basis = polynomials.expand(batch, grades, directions) if directions else None
        self.log_variance = torch.zeros(width, dtype=torch.float64)

    def loss(self, log_variance: torch.Tensor, fit: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        scaled = self.features * torch.exp(log_variance)
        kernel = 5 * scaled @ self.features.transpose(-1, -2)
        cross = 5 * (self.query * torch.exp(log_variance)) @ self.features.transpose(-1, -2)
        logits = self.spread(cross @ fit(kernel))
        return -(self.truth * torch.log_softmax(logits, dim=-1)).sum()

    def spread(self, latent: torch.Tensor) -> torch.Tensor:
        return latent if self.basis is None else latent @ self.basis.transpose(-1, -2)

    def pull(self, kernel: torch.Tensor, dual: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        probability = torch.softmax(self.offsets + self.spread(kernel @ dual), dim=-1)
        pulls = self.weights[..., None] * (self.targets - probability)
        return (pulls if self.basis is None else pulls @ self.basis), probability

    def no_fit(self, kernel: torch.Tensor) -> torch.Tensor:
        """What every way pays: kernel, loss and their gradients, around a dual that costs nothing."""
        return kernel[..., : self.offsets.shape[-1] if self.basis is None else self.basis.shape[-1]]

    def implicit(self, kernel: torch.Tensor, steps: int = 100) -> torch.Tensor:
        return fit_dual(
            kernel,
            self.targets,
            offsets=self.offsets,
            weights=self.weights,
            basis=self.basis,
            tolerance=TOLERANCE,
            max_steps=steps,
        )

    def unrolled(self, kernel: torch.Tensor, steps: int = 100, tolerance: float = TOLERANCE) -> torch.Tensor:
        """The same Newton's method in torch, damped, until it has converged, every step differentiated."""
        dual = torch.zeros_like(self.no_fit(kernel))
        for _ in range(steps):
            pull, probability = self.pull(kernel, dual)
            unsolved = pull - dual
            if tolerance and float(unsolved.detach().abs().max()) <= tolerance:
                break
            change = self.newton_step(kernel, probability, unsolved)
            length = torch.ones(len(dual), 1, 1, dtype=torch.float64)
            with torch.no_grad():
                before = self.objective(kernel, dual)
                while bool((worse := self.objective(kernel, dual + length * change) > before + 1e-9).any()):
                    length[worse] *= 0.5
            dual = dual + length * change
        return dual

    def objective(self, kernel: torch.Tensor, dual: torch.Tensor) -> torch.Tensor:
        latent = kernel @ dual
        losses = -(self.targets * torch.log_softmax(self.offsets + self.spread(latent), dim=-1)).sum(dim=-1)
        return (self.weights * losses).sum(dim=1) + 0.5 * (dual * latent).sum(dim=(1, 2))

    def newton_step(self, kernel: torch.Tensor, probability: torch.Tensor, unsolved: torch.Tensor) -> torch.Tensor:
        """As `grader.newton` does it: one system with a basis, one n x n system per grade and one more without."""
        batch, n, width = unsolved.shape
        if self.basis is not None:
            mean = probability @ self.basis
            second = torch.einsum("bnk,bka,bkc->bnac", probability, self.basis, self.basis)
            hessian = self.weights[..., None, None] * (second - mean[..., :, None] * mean[..., None, :])
            system = torch.einsum("biac,bij->baicj", hessian, kernel).reshape(batch, n * width, n * width)
            system = torch.eye(n * width, dtype=torch.float64) + system
            solved = torch.linalg.solve(system, unsolved.transpose(1, 2).reshape(batch, n * width))
            return solved.reshape(batch, width, n).transpose(1, 2)
        root = torch.sqrt(probability.transpose(1, 2) * self.weights[:, None, :])
        scaled = torch.eye(n, dtype=torch.float64) + root[..., :, None] * kernel[:, None] * root[..., None, :]
        blocks = root[..., :, None] * torch.linalg.inv(scaled) * root[..., None, :]
        own = (blocks @ (kernel @ unsolved).transpose(1, 2)[..., None])[..., 0]
        shared = torch.linalg.solve(blocks.sum(dim=1), own.sum(dim=1))
        return unsolved - (own - (blocks @ shared[:, None, :, None])[..., 0]).transpose(1, 2)

    def by_torchopt(self) -> Callable[[torch.Tensor], torch.Tensor]:
        from torchopt.diff.implicit import custom_root
        from torchopt.linear_solve import solve_normal_cg

        def condition(dual: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
            return self.pull(kernel, dual)[0] - dual

        @custom_root(condition, argnums=1, solve=solve_normal_cg(rtol=1e-10, atol=1e-10, maxiter=2000))
        def fit(start: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                return self.implicit(kernel)

        return lambda kernel: fit(torch.zeros_like(self.no_fit(kernel)), kernel)


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


def compare(problem: Problem, rounds: int) -> dict[str, Any]:
    """Every way on one problem, taking turns; ratios of medians, of the whole and of what the fit adds to it."""
    ways: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "no fit": problem.no_fit,
        "implicit": problem.implicit,
        "unrolled until converged": problem.unrolled,
        "unrolled, 8 steps": lambda kernel: problem.unrolled(kernel, 8, 0.0),
        "unrolled, 30 steps": lambda kernel: problem.unrolled(kernel, 30, 0.0),
    }
    try:
        ways["torchopt custom_root"] = problem.by_torchopt()
    except ImportError:
        print("torchopt is not installed; left out", file=sys.stderr)
    found: dict[str, list[tuple[torch.Tensor, float, float, int]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, fit in ways.items():
            found[name].append(gradient(problem, fit))
    exact = found["implicit"][0][0]
    whole = {name: float(np.median([run[1] for run in runs])) for name, runs in found.items()}
    backward = {name: float(np.median([run[2] for run in runs])) for name, runs in found.items()}
    free = whole["no fit"]
    return {
        name: {
            "whole_ms": 1e3 * whole[name],
            "backward_ms": 1e3 * backward[name],
            "whole_ratio": whole[name] / whole["implicit"],
            "added_ratio": (whole[name] - free) / (whole["implicit"] - free),
            "backward_ratio": backward[name] / backward["implicit"],
            "saved_megabytes": runs[0][3] / 1e6,
            "difference_from_implicit": float((runs[0][0] - exact).abs().max() / exact.abs().max()),
        }
        for name, runs in found.items()
        if name != "no fit"
    }


def memory(problem: Problem, counts: list[int]) -> dict[str, list[float]]:
    """Megabytes kept for the gradient with so many Newton steps."""
    ways = {"implicit": problem.implicit, "unrolled": lambda kernel, steps: problem.unrolled(kernel, steps, 0.0)}
    return {
        name: [gradient(problem, lambda k, f=fit, s=steps: f(k, s))[3] / 1e6 for steps in counts]
        for name, fit in ways.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    counts = [2, 4, 8, 16, 32]
    output: dict[str, Any] = {}
    for name, directions in (("plain softmax regression", 0), ("two directions", 2)):
        problem = Problem(arguments.batch, arguments.seed, directions)
        output[name] = {
            "central_differences": central_differences(problem, 10),
            "ways": compare(problem, arguments.rounds),
            "memory_by_steps": {"steps": counts, **memory(problem, counts)},
        }
        print(json.dumps({name: output[name]}, indent=1), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(output, indent=1), encoding="utf-8")
    if arguments.plot:
        plot({name: entry["memory_by_steps"] for name, entry in output.items()}, arguments.plot)
    return 0


def plot(memories: dict[str, dict[str, list[float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 4))
    for index, (name, table) in enumerate(memories.items()):
        for way, style in (("unrolled", "x--"), ("implicit", "o-")):
            axis.plot(table["steps"], table[way], f"C{index}{style}", label=f"{way}, {name}")
    axis.set(xlabel="Newton steps", ylabel="MB kept for the gradient", yscale="log")
    axis.legend(fontsize=8)
    figure.savefig(path, bbox_inches="tight")


if __name__ == "__main__":
    sys.exit(main())
