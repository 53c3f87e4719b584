"""The student: one hidden layer, trained on teachers' marks and on another grader's probabilities, in numpy.

The loss over answers i with a teacher's mark and answers j (marked or not) with the large grader's probabilities q is

    mean_i CE(y_i, p_i)  +  lambda T^2 mean_j CE(q_j^(1/T), p_j^(1/T))  +  decay |W|^2 / 2

with p the student's probabilities; x^(1/T) is the distribution at temperature T (Hinton et al., Distilling the
Knowledge in a Neural Network, 2015; T^2 keeps the second term's gradient comparable). The first two terms are those of
arXiv:2312.15842, with a temperature.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from grader.levels import Floats
from grader.newton import softmax

MOST_PARAMETERS = 30_000
"""The paper's student has 0.03 million."""


@dataclass(frozen=True)
class StudentSettings:
    """How a student is built and trained.

    `weight` is lambda; 0 trains on the teacher's marks alone.
    """

    width: int = 1024
    hidden: int = 24
    weight: float = 2.0
    temperature: float = 2.0
    decay: float = 3e-3
    steps: int = 200
    rate: float = 0.01
    signals: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Student:
    """A network of one hidden layer. Rows are centred and scaled first."""

    centre: Floats
    """(d,)"""
    scale: Floats
    """(d,)"""
    inner: Floats
    """(d, h)"""
    inner_bias: Floats
    """(h,)"""
    outer: Floats
    """(h, K)"""
    outer_bias: Floats
    """(K,)"""

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return self.inner.size + self.inner_bias.size + self.outer.size + self.outer_bias.size

    def logits(self, rows: Floats) -> Floats:
        """(n, K) from rows (n, d)."""
        hidden = np.tanh((rows - self.centre) * self.scale @ self.inner + self.inner_bias)
        found: Floats = hidden @ self.outer + self.outer_bias
        return found

    def probabilities(self, rows: Floats) -> Floats:
        """(n, K): rows sum to 1."""
        return softmax(self.logits(rows))


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """(n, K) distributions at a temperature: p^(1/T), scaled to sum to 1."""
    return softmax(np.log(np.maximum(probabilities, 1e-12)) / temperature)


@dataclass(frozen=True)
class Lessons:
    """What a student learns from: rows with marks, and rows with another grader's probabilities."""

    rows: Floats
    """(n, d) marked answers."""
    targets: Floats
    """(n, K) distributions of the marks."""
    soft_rows: Floats
    """(m, d), m may be 0."""
    soft_targets: Floats
    """(m, K)"""


def train_student(lessons: Lessons, settings: StudentSettings) -> Student:
    """Full-batch Adam from a seeded start; the same lessons give the same student.

    Raises:
        ValueError: the student would have more than `MOST_PARAMETERS` numbers, or there is nothing marked.
    """
    width, levels = lessons.rows.shape[1], lessons.targets.shape[1]
    count = width * settings.hidden + settings.hidden + settings.hidden * levels + levels
    if count > MOST_PARAMETERS:
        raise ValueError(f"{count} parameters; a student has at most {MOST_PARAMETERS}: lower width or hidden")
    if not len(lessons.rows):
        raise ValueError("no marked answer; give at least one")
    together = np.vstack([lessons.rows, lessons.soft_rows]).astype(np.float64)
    centre, spread = together.mean(axis=0), together.std(axis=0)
    # Rare n-grams must not be blown up to the size of common ones; signals (the last columns) get unit spread.
    grams = settings.width
    scale = np.zeros(width)
    scale[:grams] = 1.0 / np.sqrt(np.maximum((spread[:grams] ** 2).sum(), 1e-6))
    scale[grams:] = 0.3 / np.maximum(spread[grams:], 1e-3)
    generator = np.random.default_rng(settings.seed)
    # Scaled once, not in every step; the finished student gets centre and scale back.
    ready = dataclasses.replace(
        lessons, rows=(lessons.rows - centre) * scale, soft_rows=(lessons.soft_rows - centre) * scale
    )
    start = Student(
        np.zeros(width),
        np.ones(width),
        generator.normal(0.0, 0.5, (width, settings.hidden)),
        np.zeros(settings.hidden),
        generator.normal(0.0, 1.0 / np.sqrt(settings.hidden), (settings.hidden, levels)),
        np.log(lessons.targets.mean(axis=0) + 0.5 / levels),
    )
    return dataclasses.replace(_adam(start, ready, settings), centre=centre, scale=scale)


def loss_and_gradient(student: Student, lessons: Lessons, settings: StudentSettings) -> tuple[float, list[Floats]]:
    """The loss of the module's docstring, and its gradient for inner, inner_bias, outer, outer_bias."""
    rows = np.vstack([lessons.rows, lessons.soft_rows])
    hard, temperature = len(lessons.rows), settings.temperature
    scaled = (rows - student.centre) * student.scale
    hidden = np.tanh(scaled @ student.inner + student.inner_bias)
    logits = hidden @ student.outer + student.outer_bias
    probability = softmax(logits[:hard])
    loss = -float((lessons.targets * np.log(np.maximum(probability, 1e-300))).sum() / hard)
    upstream = np.zeros_like(logits)
    upstream[:hard] = (probability - lessons.targets) / hard
    if len(lessons.soft_rows):
        soft = softmax(logits[hard:] / temperature)
        goal = tempered(lessons.soft_targets, temperature)
        share = settings.weight * temperature**2 / len(soft)
        loss -= share * float((goal * np.log(np.maximum(soft, 1e-300))).sum())
        upstream[hard:] = share * (soft - goal) / temperature
    loss += 0.5 * settings.decay * float((student.inner**2).sum() + (student.outer**2).sum())
    back = (upstream @ student.outer.T) * (1.0 - hidden**2)
    return loss, [
        scaled.T @ back + settings.decay * student.inner,
        back.sum(axis=0),
        hidden.T @ upstream + settings.decay * student.outer,
        upstream.sum(axis=0),
    ]


def _adam(student: Student, lessons: Lessons, settings: StudentSettings) -> Student:
    """Kingma and Ba, Adam (2015), with a rate that falls to 0 along a cosine."""
    values = [student.inner, student.inner_bias, student.outer, student.outer_bias]
    first = [np.zeros_like(value) for value in values]
    second = [np.zeros_like(value) for value in values]
    for step in range(1, settings.steps + 1):
        current = Student(student.centre, student.scale, *values)
        _, gradients = loss_and_gradient(current, lessons, settings)
        rate = settings.rate * 0.5 * (1.0 + np.cos(np.pi * step / settings.steps))
        for place, gradient in enumerate(gradients):
            first[place] = 0.9 * first[place] + 0.1 * gradient
            second[place] = 0.999 * second[place] + 0.001 * gradient**2
            move = first[place] / (1 - 0.9**step) / (np.sqrt(second[place] / (1 - 0.999**step)) + 1e-8)
            values[place] = values[place] - rate * move
    return Student(student.centre, student.scale, *values)
