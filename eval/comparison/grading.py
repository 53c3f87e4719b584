"""Every text is graded once by every contender; the suite then asks the record, with and without the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eval.targets import TargetGrade
from grader.rivals.contender import Contender, FittedContender, GatedQuestion, RivalGrade
from relevance.gate import Gate, QuestionGate, Verdict
from synth.graded import GradedAnswer, GradedQuestion


class GateRecord:
    """The gate's verdicts, one for every text whichever contender stands behind it."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._questions: dict[str, QuestionGate] = {}
        self._verdicts: dict[tuple[str, str], Verdict] = {}

    def verdicts(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], texts: Sequence[str]
    ) -> list[Verdict]:
        """Verdicts in the texts' order."""
        new = list(dict.fromkeys(text for text in texts if (question.id, text) not in self._verdicts))
        if new:
            if question.id not in self._questions:
                self._questions[question.id] = self._gate.for_question(question, support)
            judged = self._questions[question.id].judge(new)
            self._verdicts.update({(question.id, t): v for t, v in zip(new, judged.verdicts, strict=True)})
        return [self._verdicts[question.id, text] for text in texts]


@dataclass
class ContenderRecord:
    """A contender's grades, one for every text."""

    contender: Contender
    fitted: dict[str, FittedContender] = field(default_factory=dict)
    _asked: dict[str, GatedQuestion] = field(default_factory=dict)
    _grades: dict[tuple[str, str], RivalGrade] = field(default_factory=dict)

    def grades(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], texts: Sequence[str]
    ) -> list[RivalGrade]:
        """Grades in the texts' order, without a gate."""
        new = list(dict.fromkeys(text for text in texts if (question.id, text) not in self._grades))
        if new:
            if question.id not in self._asked:
                self._asked[question.id] = GatedQuestion(self.contender, None, question, support)
                self.fitted[question.id] = self._asked[question.id].fitted
            results = self._asked[question.id].grade(new)
            self._grades.update({(question.id, t): r for t, r in zip(new, results, strict=True)})
        return [self._grades[question.id, text] for text in texts]


class RecordTarget:
    """A contender as the suite's target, behind the gate or not."""

    def __init__(self, record: ContenderRecord, gate: GateRecord | None) -> None:
        self.name = record.contender.name if gate is None else f"{record.contender.name} behind the gate"
        self._record, self._gate = record, gate

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """See `eval.targets.Target.grade`."""
        if self._gate is None:
            return [_target(grade) for grade in self._record.grades(question, support, answers)]
        verdicts = self._gate.verdicts(question, support, answers)
        passing = [text for text, verdict in zip(answers, verdicts, strict=True) if not verdict.rejected]
        grades: Mapping[str, RivalGrade] = dict(
            zip(passing, self._record.grades(question, support, passing), strict=True)
        )
        return [
            TargetGrade(0.0, verdict.relevance, verdict.reason) if verdict.rejected else _target(grades[text])
            for text, verdict in zip(answers, verdicts, strict=True)
        ]


def _target(grade: RivalGrade) -> TargetGrade:
    return TargetGrade(grade.grade, grade.relevance, grade.reason)
