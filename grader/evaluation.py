"""How well graders grade: the same random supports for all of them, and what the differences are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from grader.answers import AnswerReader, AnswerTable
from grader.calibration import expected_calibration_error
from grader.levels import Floats
from grader.rivals.base import Rival, Task
from synth.graded import GradedQuestion

FEWEST_ANSWERS = 20
QUERY_ANSWERS = 8
BOOTSTRAPS = 2000

Progress = Callable[[int, int], None]
"""Called with the questions done and the questions in all."""


@dataclass(frozen=True)
class ReadQuestion:
    """A graded question of a data set, its answers read."""

    source: str
    question: GradedQuestion
    answers: AnswerTable

    @property
    def grades(self) -> Floats:
        """(n,) the teacher's."""
        return np.array([answer.grade for answer in self.question.answers])

    @property
    def texts(self) -> list[str]:
        """The answers as handed in."""
        return [answer.text for answer in self.question.answers]


@dataclass(frozen=True)
class QuestionScore:
    """One grader on one question, over all random supports together."""

    source: str
    question: str
    grader: str
    qwk: float
    mae: float
    """Mean absolute error as a share of the highest grade."""


@dataclass(frozen=True)
class Evaluation:
    """Scores of every grader on every question."""

    support: int
    seeds: int
    scores: list[QuestionScore]
    calibration: dict[str, float] = field(default_factory=dict)
    """Expected calibration error of the graders that give probabilities."""

    @property
    def graders(self) -> list[str]:
        """Names, in the order they were given."""
        return list(dict.fromkeys(score.grader for score in self.scores))

    @property
    def sources(self) -> list[str]:
        """Data sets, in order."""
        return list(dict.fromkeys(score.source for score in self.scores))

    def by_source(self, grader: str, value: str = "qwk") -> dict[str, Floats]:
        """Per data set, (questions,) values of one grader."""
        return {
            source: np.array(
                [getattr(item, value) for item in self.scores if item.grader == grader and item.source == source]
            )
            for source in self.sources
        }

    def mean(self, grader: str, value: str = "qwk") -> float:
        """Mean over data sets of the mean over questions: data sets count alike."""
        return float(np.mean([values.mean() for values in self.by_source(grader, value).values()]))

    def difference(
        self, grader: str, other: str, source: str | None = None, seed: int = 0
    ) -> tuple[float, float, float]:
        """Mean kappa of `grader` minus `other`, with a 95 % interval paired over questions.

        Questions are resampled within their data set (percentile bootstrap), so the interval says what other questions
        of these data sets would give, not what other data sets would.
        """
        mine, theirs = self.by_source(grader), self.by_source(other)
        gaps = [mine[name] - theirs[name] for name in (self.sources if source is None else [source])]
        generator = np.random.default_rng(seed)
        drawn = np.mean(
            [gap[generator.integers(len(gap), size=(BOOTSTRAPS, len(gap)))].mean(axis=1) for gap in gaps], axis=0
        )
        low, high = np.quantile(drawn, [0.025, 0.975])
        return float(np.mean([gap.mean() for gap in gaps])), float(low), float(high)

    def as_json(self) -> dict[str, Any]:
        """Everything, as JSON types."""
        return {
            "support": self.support,
            "seeds": self.seeds,
            "means": {name: self.mean(name) for name in self.graders},
            "by_source": {
                name: {source: float(values.mean()) for source, values in self.by_source(name).items()}
                for name in self.graders
            },
            "calibration": self.calibration,
            "scores": [asdict(score) for score in self.scores],
        }


def read_questions(source: str, questions: Sequence[GradedQuestion], encoder: Any) -> list[ReadQuestion]:
    """Read all answers of graded questions with an encoder."""
    return [
        ReadQuestion(source, item, AnswerReader(item, encoder).read([answer.text for answer in item.answers]))
        for item in questions
    ]


def can_judge(item: ReadQuestion) -> bool:
    """Whether a question has enough answers, and grades that differ: kappa of a constant says nothing."""
    return len(item.grades) >= FEWEST_ANSWERS and len(np.unique(item.grades)) > 1


def supports(count: int, size: int, seeds: int) -> Iterator[tuple[Any, Any]]:
    """`seeds` random splits of `count` answers into support and query; at least `QUERY_ANSWERS` remain as query."""
    fitted = max(1, min(size, count - QUERY_ANSWERS))
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(count)
        yield order[:fitted], order[fitted:]


def tasks(item: ReadQuestion, size: int, seeds: int) -> Iterator[tuple[Task, Floats]]:
    """Tasks of a question with the query's true grades."""
    texts, grades = item.texts, item.grades
    for seed, (fitted, judged) in enumerate(supports(len(grades), size, seeds)):
        task = Task(
            item.question,
            item.source,
            item.answers.take(fitted),
            [texts[row] for row in fitted],
            grades[fitted],
            item.answers.take(judged),
            [texts[row] for row in judged],
            seed,
        )
        yield task, grades[judged]


def evaluate(
    questions: Sequence[ReadQuestion],
    graders: Sequence[Rival],
    support: int = 25,
    seeds: int = 20,
    progress: Progress | None = None,
) -> Evaluation:
    """Quadratic weighted kappa of every grader on every question that can be judged.

    A question's kappa is over the query answers of all its random supports together; grades may be fractions, no
    binning is needed (1 - mean squared difference / the same over all pairs).

    Raises:
        ValueError: no question has enough answers.
    """
    judged = [item for item in questions if can_judge(item)]
    if not judged:
        raise ValueError(f"no question has {FEWEST_ANSWERS} graded answers with different grades; nothing to judge")
    scores: list[QuestionScore] = []
    certainty: dict[str, list[tuple[Floats, Floats]]] = {}
    for done, item in enumerate(judged, 1):
        given: list[Floats] = []
        predicted: dict[str, list[Floats]] = {grader.name: [] for grader in graders}
        for task, truth in tasks(item, support, seeds):
            given.append(truth)
            for grader in graders:
                graded = grader.grade(task)
                predicted[grader.name].append(graded.grades)
                if graded.probabilities is not None:
                    pair = _certainty(graded.probabilities, task.scale.targets(truth))
                    certainty.setdefault(grader.name, []).append(pair)
        truth, highest = np.concatenate(given), item.question.max_grade
        for name, parts in predicted.items():
            grades = np.concatenate(parts)
            error = float(np.abs(grades - truth).mean() / highest)
            scores.append(QuestionScore(item.source, item.question.id, name, kappa(truth, grades), error))
        if progress is not None:
            progress(done, len(judged))
    calibration = {
        name: expected_calibration_error(np.concatenate([p for p, _ in pairs]), np.concatenate([h for _, h in pairs]))
        for name, pairs in certainty.items()
    }
    return Evaluation(support, seeds, scores, calibration)


def kappa(given: Floats, predicted: Floats) -> float:
    """Quadratic weighted kappa, -1 … 1; 0 when a grading is constant (chance agreement is then all there is)."""
    chance = given.var() + predicted.var() + (given.mean() - predicted.mean()) ** 2
    return float(1.0 - ((given - predicted) ** 2).mean() / chance) if chance > 1e-12 else 0.0


def _certainty(probabilities: Floats, targets: Floats) -> tuple[Floats, Floats]:
    chosen = probabilities.argmax(axis=1)
    rows = np.arange(len(chosen))
    return probabilities[rows, chosen], targets[rows, chosen]
