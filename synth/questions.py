"""The questions that answers are made for: from graded files, from the bank, or written by a model."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from synth.bank import load_bank
from synth.graded import GradedAnswer, GradedQuestion, default_group, read_graded_files
from synth.languages import primary

Number = int | float


@dataclass(frozen=True, slots=True)
class QuestionSpec:
    """A question as prompts and rows need it."""

    id: str
    text: str
    language: str
    max_grade: float
    references: tuple[str, ...] = ()
    rubric: Mapping[str, str] = field(default_factory=dict)
    subject: str | None = None
    level: str | None = None
    group: str | None = None
    """What a split keeps together: course or article of a graded file, the parallel question of the bank."""
    answers: tuple[GradedAnswer, ...] = ()

    def few_shot(self, count: int) -> list[dict[str, Number | str]]:
        """Up to `count` graded answers, spread evenly over the grades, the same each time."""
        ordered = sorted(self.answers, key=lambda answer: (answer.grade, answer.text))
        if count <= 0 or not ordered:
            return []
        step = max(1.0, len(ordered) / count)
        picked = [ordered[int(index * step)] for index in range(min(count, len(ordered)))]
        return [{"text": answer.text, "grade": plain_number(answer.grade)} for answer in picked if answer.text.strip()]


def plain_number(value: float) -> Number:
    """2 for 2.0: as a person would write the grade in a prompt."""
    return int(value) if float(value).is_integer() else value


def graded_specs(questions: Iterable[GradedQuestion], file_groups: Collection[str] = ()) -> list[QuestionSpec]:
    """Questions of graded files. A group in `file_groups` was not given: it is only the file's name."""
    return [
        QuestionSpec(
            id=question.id,
            text=question.text,
            language=question.language,
            max_grade=question.max_grade,
            references=question.references,
            rubric=question.rubric,
            group=None if question.group in file_groups else question.group or None,
            answers=question.answers,
        )
        for question in questions
    ]


def bank_specs(languages: Sequence[str] | None = None) -> list[QuestionSpec]:
    """Questions of the bundled bank.

    Raises:
        BankError: the bank has no such language.
    """
    return [
        QuestionSpec(
            id=question.id,
            text=question.question,
            language=question.language,
            max_grade=float(question.max_grade),
            references=question.references,
            rubric={str(grade): question.rubric[str(grade)] for grade in range(question.max_grade + 1)},
            subject=question.subject,
            level=question.level,
            group=question.split_key,
            answers=tuple(GradedAnswer(answer.text, answer.grade) for answer in question.answers),
        )
        for question in load_bank(languages).questions
    ]


def load_questions(
    files: Sequence[str | os.PathLike[str]] = (),
    bank: bool = False,
    languages: Sequence[str] | None = None,
    limit: int | None = None,
) -> list[QuestionSpec]:
    """Questions of graded files and of the bank, in that order, at most `limit` of each language.

    Raises:
        DataFileError: a file is missing or has rows that cannot be used; all of them are named.
        BankError: the bank has none of the languages.
    """
    specs = graded_specs(read_graded_files(files), {default_group(file) for file in files}) if files else []
    if bank:
        specs += bank_specs(languages)
    if languages is not None:
        wanted = {primary(language) for language in languages}
        specs = [spec for spec in specs if primary(spec.language) in wanted]
    if limit is None:
        return specs
    taken: dict[str, int] = {}
    kept = []
    for spec in specs:
        taken[spec.language] = taken.get(spec.language, 0) + 1
        if taken[spec.language] <= limit:
            kept.append(spec)
    return kept
