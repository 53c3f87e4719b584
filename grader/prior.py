"""What the grader believes before a question's first graded answer: the meta-parameters, and the kernel they make.

An answer is three blocks of evidence (sentence vector, letters, signals), each centred on the graded answers and
divided by its own spread there, so that one prior fits every question. The latent functions w_1 … w_r that move the
grades (see `grader.newton`) have the prior mean `signals @ mean_weights` and the kernel `kernel`. The same two
functions serve in numpy and learn in torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.answers import SIGNALS, AnswerTable

Floats = npt.NDArray[np.float64]

COMPONENTS = 3
"""Latent functions at most: level, spread and skew of the grades."""
SPREAD_ANSWERS = 4.0
"""Graded answers that the typical spread of a block is worth beside the question's own."""


@dataclass(frozen=True)
class GraderPrior:
    """The meta-parameters. Logarithms where a value must stay positive. Defaults need no training."""

    log_variance: Floats = field(default_factory=lambda: np.log([0.5, 0.5, 0.3, 0.1]))
    """(4,): prior variance of the sentence block, the letters, the signals, and a constant."""
    log_precision: Floats = field(default_factory=lambda: np.zeros(0))
    """(d,): prior precision of every dimension of the sentence vector; (0,) for all alike."""
    projection: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """(d, p): directions of the sentence vector with a variance of their own; (0, 0) for none."""
    log_signal_scale: Floats = field(default_factory=lambda: np.zeros(len(SIGNALS)))
    """(s,): how much each signal counts within its block."""
    mean_weights: Floats = field(default_factory=lambda: np.zeros((len(SIGNALS), 2)))
    """(s, r): the prior mean of the latent functions per unit of every standardised signal."""
    log_basis_scale: Floats = field(default_factory=lambda: np.log([3.0, 1.5]))
    """(r,): prior scale of level, spread, skew: the ordinal structure. Far grades move apart, neighbours together."""
    log_class_strength: Floats = field(default_factory=lambda: np.log([4.0]))
    """(1,): graded answers that "every grade is equally likely" is worth."""
    log_temperature: Floats = field(default_factory=lambda: np.zeros(1))
    """(1,): logits are divided by it after the fit."""
    typical_spread: Floats = field(default_factory=lambda: np.array([0.09, 0.6]))
    """(2,): mean squared distance of answers from their centre, in sentence vectors and letters."""
    typical_deviation: Floats = field(default_factory=lambda: np.full(len(SIGNALS), 0.1))
    """(s,): standard deviation of every signal within a question."""
    stretch: float = 1.0
    """How far the grades given are spread towards the teacher's own spread; 0 reads off the expected grade."""

    @property
    def components(self) -> int:
        """r, the number of latent functions."""
        return len(self.log_basis_scale)

    def learned(self) -> dict[str, Floats]:
        """The meta-parameters that are learned by gradient, by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in NOT_LEARNED}

    def with_learned(self, values: dict[str, Floats]) -> GraderPrior:
        """A copy with some meta-parameters replaced."""
        changed: dict[str, Any] = dict(values)
        return replace(self, **changed)


NOT_LEARNED = ("typical_spread", "typical_deviation", "stretch")


def basis(levels: Floats, log_scale: Any, exp: Callable[[Any], Any] = np.exp) -> Any:
    """(K, r): the first Legendre polynomials of the levels' position in -1 … 1, scaled by exp(log_scale) (r,)."""
    position = 2.0 * levels / levels[-1] - 1.0
    polynomials = (position, 1.5 * position**2 - 0.5, 2.5 * position**3 - 1.5 * position)
    return np.stack(polynomials[: len(log_scale)], axis=-1) * exp(log_scale)


@dataclass(frozen=True)
class Evidence:
    """Answers in the prior's units: (…, n, ·) blocks, batched or not, in numpy or torch."""

    vectors: Any
    letters: Any
    signals: Any


@dataclass(frozen=True)
class Units:
    """Centres and spreads of a question's graded answers; turns answers into evidence."""

    vector_centre: Floats
    vector_scale: float
    letter_centre: Floats
    letter_scale: float
    signal_centre: Floats
    signal_scale: Floats

    @classmethod
    def of(cls, answers: AnswerTable, prior: GraderPrior) -> Units:
        """From graded answers, at least one; few answers lean on the prior's typical spreads."""
        own = len(answers) / (len(answers) + SPREAD_ANSWERS)
        vectors = answers.vectors.astype(np.float64)
        letters = answers.lexical.astype(np.float64)
        signals = answers.signals.astype(np.float64)
        vector_centre, letter_centre = vectors.mean(axis=0), letters.mean(axis=0)
        vector_spread = ((vectors - vector_centre) ** 2).sum(axis=1).mean()
        letter_spread = ((letters - letter_centre) ** 2).sum(axis=1).mean()
        typical = prior.typical_deviation[: signals.shape[1]]
        deviation = np.sqrt(own * signals.var(axis=0) + (1 - own) * typical**2)
        return cls(
            vector_centre,
            float(np.sqrt(own * vector_spread + (1 - own) * prior.typical_spread[0])),
            letter_centre,
            float(np.sqrt(own * letter_spread + (1 - own) * prior.typical_spread[1])),
            signals.mean(axis=0),
            np.maximum(deviation, 1e-6),
        )

    def evidence(self, answers: AnswerTable) -> Evidence:
        """Answers in the graded answers' units; signals further than three deviations count as three."""
        signals = (answers.signals - self.signal_centre) / self.signal_scale
        return Evidence(
            (answers.vectors - self.vector_centre) / self.vector_scale,
            (answers.lexical - self.letter_centre) / self.letter_scale,
            np.clip(signals, -3.0, 3.0),
        )


def kernel(parameters: dict[str, Any], left: Evidence, right: Evidence, exp: Callable[[Any], Any] = np.exp) -> Any:
    """(…, n, m): prior covariance of the latent functions between answers, before the basis."""
    variance = exp(parameters["log_variance"])
    precision, projection = parameters["log_precision"], parameters["projection"]
    vectors = left.vectors if len(precision) == 0 else left.vectors * exp(-precision)
    total = variance[0] * (vectors @ right.vectors.swapaxes(-1, -2)) + variance[3]
    if projection.shape[0]:
        total = total + (left.vectors @ projection) @ (right.vectors @ projection).swapaxes(-1, -2)
    if left.letters.shape[-1]:
        total = total + variance[1] * (left.letters @ right.letters.swapaxes(-1, -2))
    if left.signals.shape[-1]:
        scaled = left.signals * (exp(2.0 * parameters["log_signal_scale"]) / left.signals.shape[-1])
        total = total + variance[2] * (scaled @ right.signals.swapaxes(-1, -2))
    return total


def prior_mean(parameters: dict[str, Any], evidence: Evidence) -> Any:
    """(…, n, r): prior mean of the latent functions; 0 where answers have no signals."""
    if not evidence.signals.shape[-1]:
        return evidence.vectors[..., :1] @ (0.0 * parameters["mean_weights"][:1])
    return evidence.signals @ parameters["mean_weights"]
