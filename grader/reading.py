"""Reading grades off probabilities: what to give when all you have is a distribution.

The expected grade has the smallest squared error, but it is timid: graders that are unsure give everybody the mean, and
agreement with the teacher (quadratic weighted kappa) suffers for it. With expected grades e and the teacher's grades y
kappa is 2 cov(e, y) / (var e + var y + (mean e - mean y)^2); for calibrated e it is largest when e is spread about its
mean until its deviation equals the teacher's. The deviation that e has on answers it was not fitted on is measured by
leaving out one graded answer at a time, in closed form at the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grader.factors import BasisFactor, Floats

NARROWEST, WIDEST = 0.5, 3.0
TRUST_ANSWERS = 4.0
"""Graded answers from which on the measured deviation counts more than no stretching at all."""


@dataclass(frozen=True)
class Reading:
    """Turns expected grades into grades to give: `centre + factor * (expected - centre)`."""

    centre: float
    factor: float

    def stretched(self, expected: Floats) -> Floats:
        """(n,) grades, not yet on levels, perhaps a little outside the scale."""
        grades: Floats = self.centre + self.factor * (expected - self.centre)
        return grades


def matched_reading(grades: Floats, left_out: Floats, strength: float) -> Reading:
    """The reading that gives grades the teacher's spread.

    Args:
        grades: (n,) the teacher's grades.
        left_out: (n,) expected grades of the same answers, each fitted without its own grade.
        strength: 0 reads off the expected grade, 1 matches the whole spread.
    """
    centre, deviation = float(grades.mean()), float(left_out.std())
    if len(grades) < 2 or deviation <= 0:
        return Reading(centre, 1.0)
    ratio = float(np.clip(grades.std() / deviation, NARROWEST, WIDEST))
    trust = len(grades) / (len(grades) + TRUST_ANSWERS)
    return Reading(centre, float(ratio ** (strength * trust)))


def leave_one_out(latent: Floats, dual: Floats, factor: BasisFactor) -> Floats:
    """Latent functions of fitted answers as if each had not been graded; all arrays (B, n, r).

    The cavity of Laplace's approximation (Vehtari et al., Bayesian Leave-One-Out Cross-Validation Approximations for
    Gaussian Latent Variable Models, 2016, section 3.4): f_i - (Q_ii^-1 - H_i^-1) A_i.
    """
    roots = factor.roots
    inverse_roots = np.linalg.inv(roots)
    own = np.linalg.inv(factor.diagonal_blocks())
    own[..., np.arange(own.shape[-1]), np.arange(own.shape[-1])] -= 1.0
    pulled = np.swapaxes(inverse_roots, -1, -2) @ (own @ (inverse_roots @ dual[..., None]))
    moved: Floats = latent - pulled[..., 0]
    return moved
