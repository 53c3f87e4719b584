"""How far a student climbs within the attempt budget: graded above 0 by the n-th attempt, without and with memory.

    python benchmarks/service_climbing.py [--climbers 10] [--questions 8]

A climber has a bag of words: those of the question and of other subjects, or those of honest answers to this very
question. It swaps, adds and drops words, and keeps what is not graded lower; that some of its bags say what an answer
says is not ruled out. "nonsense alone" is the suite's own climber (`eval.adaptive`), which rules it out. "Forgetting"
judges attempts alone; "remembering" is the service: every attempt that is turned away halves the doubt left to the
next. Everything is seeded.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence

from encoders import get_encoder
from eval.adaptive.bags import Bags
from eval.adaptive.climbing import Climb
from eval.adaptive.oracle import Oracle
from eval.suite import Divided
from eval.targets import TargetGrade
from grader.full import FullGrader
from grader.storage import StoredAnswer
from relevance.artifact import load_gate
from relevance.gate import IRRELEVANT
from service.lesson import Lesson
from service.settings import AttemptPolicy
from service.store import QuestionRecord
from synth.attacking import attack_context
from synth.bank import load_bank
from synth.graded import GradedAnswer, GradedQuestion
from synth.text import folded_words

GRADED = 25
BUDGET = AttemptPolicy().budget
NONSENSE = "nonsense alone"


class Attempts:
    """One student's attempts at a lesson's question, as a target; what was graded stands in `grades`."""

    name = "a student's attempts"

    def __init__(self, lesson: Lesson, remembering: bool) -> None:
        self.grades: list[float] = []
        self._lesson, self._remembering, self._misses = lesson, remembering, 0

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """See `eval.targets.Target.grade`; the lesson knows its support already."""
        return [self.next(answer) for answer in answers]

    def next(self, text: str) -> TargetGrade:
        """Grade and reason of the next attempt."""
        _, (result,) = self._lesson.read_and_grade([text], [self._misses if self._remembering else 0])
        self._misses += result.reason == IRRELEVANT
        self.grades.append(result.grade)
        return TargetGrade(result.grade, reason=result.reason)


def climb(attempts: Attempts, vocabulary: Sequence[str], rng: random.Random) -> None:
    """Use up the budget."""
    current = best = rng.sample(list(vocabulary), 6)
    best_grade = -1.0
    for _ in range(BUDGET):
        grade = attempts.next(" ".join(current)).grade
        if grade >= best_grade:
            best, best_grade = current, grade
        current = list(best)
        change = rng.choice(("swap", "add", "drop"))
        if change != "add" and len(current) > 3:
            current.pop(rng.randrange(len(current)))
        if change != "drop":
            current.insert(rng.randrange(len(current) + 1), rng.choice(vocabulary))


def climb_in_nonsense(attempts: Attempts, question: GradedQuestion, bank: Sequence[GradedQuestion], seed: int) -> None:
    """The suite's hill climbing, as long as the budget lasts."""
    oracle = Oracle(attempts, Divided(question, question.answers[:GRADED], question.answers[GRADED:]), BUDGET)
    Climb(oracle, Bags(attack_context(question, bank), seed), seed).run()


def as_lesson(full: FullGrader, question: GradedQuestion) -> Lesson:
    """A lesson with the question's first graded answers."""
    record = QuestionRecord(question.text, question.language, question.max_grade, question.references)
    graded = [
        StoredAnswer(number, answer.text, answer.grade) for number, answer in enumerate(question.answers[:GRADED])
    ]
    return Lesson(full, record, graded, [])


def words_of(texts: Sequence[str]) -> list[str]:
    """Different words, sorted."""
    return sorted({word for text in texts for word in folded_words(text)})


def main() -> None:
    """Print one line for every vocabulary and kind of gate."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--climbers", type=int, default=10, help="for each question (default 10)")
    parser.add_argument("--questions", type=int, default=8)
    arguments = parser.parse_args()
    gate = load_gate(None, get_encoder("e5", threads=1))
    full = FullGrader(gate.encoder, gate)
    bank = [item.graded_question() for item in load_bank(["de", "en", "sw"]).questions]
    deep = [question for question in bank if len(question.answers) >= 30]
    random.Random(1).shuffle(deep)
    for knowledge in ("question and elsewhere", "honest answers", NONSENSE):
        for remembering in (False, True):
            climbs = []
            for question in deep[: arguments.questions]:
                others = [other for other in bank if other.language == question.language and other.id != question.id]
                known = [other.answers[0].text for other in random.Random(question.text).sample(others, 5)]
                if knowledge == "honest answers":
                    known = [answer.text for answer in question.answers[GRADED:]]
                lesson, vocabulary = as_lesson(full, question), words_of([question.text, *known])
                for number in range(arguments.climbers):
                    attempts = Attempts(lesson, remembering)
                    if knowledge == NONSENSE:
                        climb_in_nonsense(attempts, question, bank, number)
                    else:
                        climb(attempts, vocabulary, random.Random(number))
                    climbs.append([grade / question.max_grade for grade in attempts.grades])
            by_attempt = [sum(max(grades[: n + 1]) > 0 for grades in climbs) for n in range(BUDGET)]
            most = sum(max(grades) >= 1 for grades in climbs)
            name = "remembering" if remembering else "forgetting"
            print(
                f"{knowledge}, {name}: above 0 by attempt {by_attempt}, full grade {most}, of {len(climbs)}", flush=True
            )


if __name__ == "__main__":
    main()
