"""The live target on one question, as a black box with a budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eval.adaptive.base import SHOWN_FINDS, Find
from eval.suite import Divided
from eval.targets import Target, TargetExhaustedError, TargetGrade, grade_checked

Score = tuple[float, float, float, float]
NOTHING: Score = (-1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Answered:
    """A text with what the target said of it."""

    text: str
    result: TargetGrade
    score: Score
    query: int


class Oracle:
    """Grades texts until the budget is used up or the target takes no more; no text is asked for twice."""

    def __init__(self, target: Target, divided: Divided, budget: int) -> None:
        self.divided = divided
        self.budget = budget
        self.answered: dict[str, Answered] = {}
        self.exhausted: TargetExhaustedError | None = None
        """What the target said when it took no more queries of this question, whatever the budget."""
        self._target = target

    @property
    def left(self) -> int:
        """Queries that are left."""
        return 0 if self.exhausted else self.budget - len(self.answered)

    @property
    def unheard(self) -> bool:
        """Whether the target took no query at all: such a question neither stood nor fell."""
        return self.exhausted is not None and not self.answered

    def ask(self, texts: Iterable[str]) -> list[Answered]:
        """What the target says of those of the texts that are new and within the budget, and of known ones, in order.

        Raises:
            TargetError: the target broke its contract.
        """
        wanted = list(dict.fromkeys(texts))
        new = [text for text in wanted if text not in self.answered][: max(0, self.left)]
        if new:
            question = self.divided.question
            results: Sequence[TargetGrade | None]
            try:
                results = grade_checked(self._target, question, self.divided.support, new)
            except TargetExhaustedError as error:
                self.exhausted, results = error, error.graded
            for text, result in zip(new, results, strict=False):
                if result is not None:
                    score = score_of(result, question.max_grade)
                    self.answered[text] = Answered(text, result, score, len(self.answered) + 1)
        return [self.answered[text] for text in wanted if text in self.answered]

    def finds(self, method: str, starts: dict[str, str] | None = None) -> list[Find]:
        """The worst leaks so far."""
        question = self.divided.question
        leaks = [item for item in self.answered.values() if item.result.grade > 0]
        leaks.sort(key=lambda item: item.score, reverse=True)
        return [
            Find(
                method=method,
                question_id=question.id,
                question=question.text,
                language=question.language,
                text=item.text,
                grade=float(item.result.grade),
                max_grade=question.max_grade,
                relevance=item.result.relevance,
                query=item.query,
                start=(starts or {}).get(item.text),
            )
            for item in leaks[:SHOWN_FINDS]
        ]


@dataclass(frozen=True)
class Heard:
    """How many of the questions answered anything, and what is to be said of those that were cut short."""

    questions: int
    exhausted: int
    note: str | None


def heard(oracles: Sequence[Oracle], total: int) -> Heard:
    """Count what a target that takes no more queries left of `total` questions, of which `oracles` were asked."""
    exhausted = [oracle.exhausted for oracle in oracles if oracle.exhausted is not None]
    if not exhausted:
        return Heard(total, 0, None)
    unheard = sum(oracle.unheard for oracle in oracles)
    note = f"the target took no more queries on {len(exhausted)} question(s) before the budget was used up"
    if unheard:
        note += f", none at all on {unheard}, which count nowhere"
    return Heard(total - unheard, len(exhausted), f"{note} ({exhausted[0].detail})")


def score_of(result: TargetGrade, max_grade: float) -> Score:
    """How close a text came: its grade, whether it passed, then the finer numbers where the target says them."""
    return (
        result.grade / max_grade,
        float(result.reason is None),
        result.relevance or 0.0,
        (result.expected_grade or 0.0) / max_grade,
    )


def mean_score(scores: Sequence[Score]) -> Score:
    """Part by part; `NOTHING` without any."""
    if not scores:
        return NOTHING
    first, second, third, fourth = (sum(part) / len(scores) for part in zip(*scores, strict=True))
    return first, second, third, fourth
