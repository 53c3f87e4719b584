"""Load the bank, one file per language, one question per line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synth.errors import DataFileError, RowProblem
from synth.examples import RELEVANT_KINDS, Example, Provenance, as_parameters
from synth.files import validation_problems
from synth.graded import GradedAnswer, GradedQuestion
from synth.tables import read_rows

if TYPE_CHECKING:
    import datasets
    import pandas

BANK_VERSION = "1"
BANK_FOLDER = Path(__file__).parent / "data"

ADVERSARIAL_KINDS: Mapping[str, str] = {
    "restatement": "question-restated",
    "vacuous": "vacuous",
    "absurd": "absurd-on-topic",
    "expert_other": "same-course-answer",
    "plea": "injection-plea",
}
"""The bank's fields of adversarial texts, and the attack family that each belongs to."""


class BankError(ValueError):
    """A language the bank does not hold."""

    exit_code: ClassVar[int] = 2


class BankAnswer(BaseModel):
    """A graded answer as a student would write it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grade: float = Field(ge=0)
    kind: Literal["correct", "incomplete", "incorrect"]
    text: str = Field(min_length=1)


class BenignHardAnswer(BaseModel):
    """An honest answer that a careless filter turns away; `hard` says why it is hard."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grade: float = Field(ge=0)
    hard: Literal["terse", "learner", "slang", "quotes_question", "wrong_on_topic", "rambling"]
    text: str = Field(min_length=1)


class BankQuestion(BaseModel):
    """A question of the bank with everything written for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    parallel: str | None
    """Key shared by the versions of one question in all languages; a split keeps them together."""
    subject: str
    level: Literal["primary", "lower secondary", "upper secondary", "university"]
    question: str = Field(min_length=1)
    max_grade: Literal[1, 2, 3, 5, 10]
    references: tuple[str, ...] = Field(min_length=1)
    rubric: dict[str, str]
    answers: tuple[BankAnswer, ...] = Field(min_length=8)
    restatement: tuple[str, ...]
    vacuous: tuple[str, ...]
    absurd: tuple[str, ...]
    expert_other: tuple[str, ...]
    plea: tuple[str, ...]
    benign_hard: tuple[BenignHardAnswer, ...]

    @model_validator(mode="after")
    def _is_consistent(self) -> BankQuestion:
        expected = {str(grade) for grade in range(self.max_grade + 1)}
        if set(self.rubric) != expected:
            raise ValueError(f"rubric has lines {sorted(self.rubric)}, not one for every grade 0 … {self.max_grade}")
        graded = [(answer.grade, answer.text) for answer in self.answers]
        graded += [(answer.grade, answer.text) for answer in self.benign_hard]
        for grade, text in graded:
            if grade > self.max_grade:
                raise ValueError(f"grade {grade:g} is above max_grade {self.max_grade}: {text[:40]}")
        return self

    @property
    def language(self) -> str:
        """The language's tag, which begins the id."""
        return self.id.split("-")[0]

    @property
    def split_key(self) -> str:
        """What must not be divided between training and test: all language versions of a parallel question."""
        return self.parallel or self.id

    def graded_question(self) -> GradedQuestion:
        """The question with its graded answers, as a teacher's graded file would give it."""
        return GradedQuestion(
            id=self.id,
            text=self.question,
            language=self.language,
            max_grade=float(self.max_grade),
            answers=tuple(GradedAnswer(answer.text, answer.grade) for answer in self.answers),
            references=self.references,
            group=self.subject,
            rubric=self.rubric,
        )

    def examples(self) -> Iterator[Example]:
        """Every text of the question as an example row: genuine answers, benign hard ones, adversarial ones."""
        for answer in self.answers:
            yield self._example(answer.text, answer.kind, answer.grade, {})
        for hard in self.benign_hard:
            yield self._example(hard.text, self._kind_of_grade(hard.grade), hard.grade, {"benign_hard": hard.hard})
        for field, kind in ADVERSARIAL_KINDS.items():
            for text in getattr(self, field):
                yield self._example(text, kind, None, {})

    def _kind_of_grade(self, grade: float) -> str:
        if grade == self.max_grade:
            return "correct"
        return "incorrect" if grade <= self.max_grade / 5 else "incomplete"

    def _example(self, text: str, kind: str, grade: float | None, parameters: dict[str, Any]) -> Example:
        return Example(
            question_id=self.id,
            question=self.question,
            answer=text,
            kind=kind,
            relevant=kind in RELEVANT_KINDS,
            grade=grade,
            max_grade=float(self.max_grade),
            language=self.language,
            subject=self.subject,
            group=self.split_key,
            reference=self.references[0],
            provenance=Provenance(
                generator="bank",
                generator_version=BANK_VERSION,
                template="bank/questions",
                parameters=as_parameters(parameters),
            ),
        )


@dataclass(frozen=True)
class Bank:
    """Questions of one or more languages, ordered by language and file."""

    questions: tuple[BankQuestion, ...]

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages, sorted."""
        return tuple(sorted({question.language for question in self.questions}))

    def graded_questions(self) -> list[GradedQuestion]:
        """The questions as graded questions; an answer's subject is its group."""
        return [question.graded_question() for question in self.questions]

    def examples(self) -> list[Example]:
        """All texts as example rows."""
        return [example for question in self.questions for example in question.examples()]

    def to_pandas(self) -> pandas.DataFrame:
        """Example rows as a data frame; provenance is spread over `provenance.*` columns."""
        import pandas as pd

        return pd.json_normalize([example.model_dump(mode="json") for example in self.examples()])

    def to_dataset(self) -> datasets.Dataset:
        """Example rows as a Hugging Face data set."""
        import datasets as hf_datasets

        return hf_datasets.Dataset.from_list([example.model_dump(mode="json") for example in self.examples()])


def bank_languages(folder: str | os.PathLike[str] = BANK_FOLDER) -> tuple[str, ...]:
    """Tags of the languages in the bank, sorted."""
    return tuple(sorted(path.stem for path in Path(folder).glob("*.jsonl")))


def load_bank(languages: Sequence[str] | None = None, folder: str | os.PathLike[str] = BANK_FOLDER) -> Bank:
    """Load the bank in some languages, or in all of them.

    Args:
        languages: BCP 47 primary tags; None for every language there is.
        folder: one `<language>.jsonl` per language; by default the bank that ships with answergate.

    Raises:
        BankError: the bank has no such language.
        DataFileError: a file of the folder breaks the bank's schema; all bad rows are named.
    """
    there = bank_languages(folder)
    wanted = there if languages is None else tuple(sorted(set(languages)))
    missing = [language for language in wanted if language not in there]
    if missing:
        raise BankError(f"the bank has no {', '.join(missing)}; it has {', '.join(there)}")
    return Bank(tuple(question for language in wanted for question in _load_language(Path(folder), language)))


@cache
def _load_language(folder: Path, language: str) -> tuple[BankQuestion, ...]:
    path = folder / f"{language}.jsonl"
    questions: list[BankQuestion] = []
    problems: list[RowProblem] = []
    for number, row in read_rows(path):
        try:
            question = BankQuestion.model_validate_json(json.dumps(row))
        except ValidationError as error:
            problems.extend(validation_problems(str(path), number, error))
            continue
        if question.language != language:
            problems.append(
                RowProblem(str(path), number, "id", f"not of language {language}", f"begin it with {language}-")
            )
        questions.append(question)
    if problems:
        raise DataFileError(f"{path}: {len(problems)} problem(s) in the bank", problems)
    return tuple(questions)
