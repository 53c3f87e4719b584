"""Whom to ask: which answers the teacher should grade, because the grader does not know, or would learn most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.answers import AnswerTable
from grader.levels import Floats
from grader.question import Answers, QuestionGrader


def expected_error(probabilities: Floats, levels: Floats, grades: Floats) -> Floats:
    """(n,) expected absolute error of the given grades (n,) under probabilities (n, K) over levels (K,)."""
    error: Floats = (probabilities * np.abs(levels - grades[:, None])).sum(axis=1)
    return error


@dataclass(frozen=True)
class Abstention:
    """Answers whose expected error, as a share of the highest grade, is above `limit` go to the teacher."""

    limit: float
    kept: float
    """Share of the calibration answers that were kept."""

    def asks(self, probabilities: Floats, levels: Floats, grades: Floats) -> npt.NDArray[np.bool_]:
        """(n,) True where the grader says "don't know, ask the teacher"."""
        asked: npt.NDArray[np.bool_] = expected_error(probabilities, levels, grades) / levels[-1] > self.limit
        return asked


def calibrate_abstention(expected: Floats, actual: Floats, rate: float) -> Abstention:
    """The largest limit at which kept answers' mean error stays at the chosen rate.

    Args:
        expected: (n,) expected errors of answers with known grades that no fit saw, as shares of the highest grade.
        actual: (n,) their true absolute errors, as shares of the highest grade.
        rate: The mean error allowed among answers that are kept.
    """
    order = np.argsort(expected, kind="stable")
    running = np.cumsum(actual[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(running <= rate)
    if not len(good):
        return Abstention(-1.0, 0.0)
    return Abstention(float(expected[order[good[-1]]]), (good[-1] + 1) / len(order))


def next_to_grade(grader: QuestionGrader, answers: Answers) -> int:
    """Row of the ungraded answer whose grade would lower the uncertainty about all of them most.

    For every candidate the latent level's posterior variance over the pool after grading it is known in closed form:
    it falls by cov(f_i, f_c)^2 / (var f_c + noise). The candidate that explains most is both uncertain and typical
    (Seo et al., Gaussian Process Regression: Active Data Selection, 2000).

    Raises:
        ValueError: there is no answer to choose from.
    """
    if not len(answers if isinstance(answers, AnswerTable) else np.asarray(answers)):
        raise ValueError("no ungraded answer to choose from")
    covariance, noise = grader.posterior_covariance(answers)
    gain = (covariance**2).sum(axis=0) / (np.diag(covariance) + noise)
    return int(gain.argmax())
