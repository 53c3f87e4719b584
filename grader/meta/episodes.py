"""Episodes: some graded answers of a question to fit on (support), others to be judged by (query), many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grader.answers import AnswerTable
from grader.levels import MOST_STEPS, GradeScale, grade_scale
from grader.newton import NO_GRADE, Floats
from grader.prior import COMPONENTS, Evidence, GraderPrior, Units, basis

GRADES = MOST_STEPS + 1


@dataclass(frozen=True)
class MetaQuestion:
    """A question to learn from: its answers as the grader sees them, and the teacher's grades."""

    source: str
    """The data set; data sets count alike however many questions they have."""
    answers: AnswerTable
    grades: Floats
    max_grade: float

    @property
    def scale(self) -> GradeScale:
        """The levels of all its grades."""
        return grade_scale(self.grades, self.max_grade)


@dataclass(frozen=True)
class Episodes:
    """B episodes with up to n support and m query answers and 21 grades, padded with weight 0 and `NO_GRADE`."""

    support: Evidence
    query: Evidence
    support_targets: Floats
    """(B, n, K)"""
    query_targets: Floats
    """(B, m, K)"""
    support_weights: Floats
    """(B, n): 1, or 0 where padded."""
    query_weights: Floats
    """(B, m): they sum to 1 in every episode."""
    basis: Floats
    """(B, K, COMPONENTS): Legendre polynomials of the levels, not scaled; 0 where padded."""
    closed: Floats
    """(B, K): `NO_GRADE` for padded grades, else 0."""
    grades: Floats
    """(B,): number of levels."""


def sample_episodes(
    questions: Sequence[MetaQuestion],
    count: int,
    prior: GraderPrior,
    generator: np.random.Generator,
    support: tuple[int, int] = (5, 30),
    query: int = 25,
) -> Episodes:
    """Random episodes: a data set, then a question of it, then how many answers are graded, then which.

    Args:
        questions: At least one, each with at least 3 answers.
        count: B.
        prior: Its typical spreads are used; nothing else of it.
        generator: Decides everything.
        support: Fewest and most support answers; a short question keeps a third of its answers, at least 1, as query.
        query: Query answers at most.
    """
    sources: dict[str, list[MetaQuestion]] = {}
    for question in questions:
        sources.setdefault(question.source, []).append(question)
    names = sorted(sources)
    share = np.array([len(sources[name]) for name in names], dtype=np.float64) ** 0.5
    drawn = []
    for _ in range(count):
        candidates = sources[names[generator.choice(len(names), p=share / share.sum())]]
        question = candidates[generator.integers(len(candidates))]
        total = len(question.grades)
        most = min(support[1], total - max(1, total // 3))
        size = int(generator.integers(min(support[0], most), most + 1))
        order = generator.permutation(total)
        drawn.append((question, order[:size], order[size : size + query]))
    return stack_episodes(drawn, prior)


def stack_episodes(
    drawn: Sequence[tuple[MetaQuestion, npt.NDArray[np.int64], npt.NDArray[np.int64]]], prior: GraderPrior
) -> Episodes:
    """Episodes of given (question, support rows, query rows)."""
    n = max(len(rows) for _, rows, _ in drawn)
    m = max(len(rows) for _, _, rows in drawn)
    size, first = len(drawn), drawn[0][0].answers
    width, signals = first.vectors.shape[1], first.signals.shape[1]
    out = Episodes(
        Evidence(np.zeros((size, n, width)), np.zeros((size, n, n)), np.zeros((size, n, signals))),
        Evidence(np.zeros((size, m, width)), np.zeros((size, m, n)), np.zeros((size, m, signals))),
        np.zeros((size, n, GRADES)),
        np.zeros((size, m, GRADES)),
        np.zeros((size, n)),
        np.zeros((size, m)),
        np.zeros((size, GRADES, COMPONENTS)),
        np.zeros((size, GRADES)),
        np.zeros(size),
    )
    for index, (question, fitted, judged) in enumerate(drawn):
        scale = question.scale
        levels = scale.steps + 1
        units = Units.of(question.answers.take(fitted), prior)
        left, right = units.evidence(question.answers.take(fitted)), units.evidence(question.answers.take(judged))
        # Letters matter only by inner products with support answers: coordinates in their span say the same.
        coordinates = np.linalg.qr(left.letters.T)[0] if left.letters.shape[1] else np.zeros((0, 0))
        for target, source, rows in ((out.support, left, fitted), (out.query, right, judged)):
            target.vectors[index, : len(rows)] = source.vectors
            target.letters[index, : len(rows), : coordinates.shape[1]] = source.letters @ coordinates
            target.signals[index, : len(rows)] = source.signals
        out.support_targets[index, : len(fitted), :levels] = scale.targets(question.grades[fitted])
        out.support_targets[index, len(fitted) :, 0] = 1.0
        out.query_targets[index, : len(judged), :levels] = scale.targets(question.grades[judged])
        out.query_targets[index, len(judged) :, 0] = 1.0
        out.support_weights[index, : len(fitted)] = 1.0
        out.query_weights[index, : len(judged)] = 1.0 / len(judged)
        out.basis[index, :levels] = basis(scale.levels, np.zeros(COMPONENTS))
        out.closed[index, levels:] = NO_GRADE
        out.grades[index] = levels
    return out
