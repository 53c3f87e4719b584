"""A small question in every bundled language, with all that a family may want: for catalogues, benchmarks and tests."""

from __future__ import annotations

from functools import lru_cache

from synth.attacks.base import AttackContext
from synth.attacks.languages import language_codes, raw_data
from synth.graded import GradedAnswer, GradedQuestion


@lru_cache(maxsize=64)
def sample_questions(code: str) -> tuple[GradedQuestion, ...]:
    """The three small graded questions of a language's file: two of one course, one of another subject.

    They are the same three in every language, so each one's translations are at hand. For catalogues and tests.
    """
    samples = []
    for number, sample in enumerate(raw_data(code)["sample"]):
        answers = tuple(
            GradedAnswer(text.strip(), float(grade))
            for grade, text in (line.split("|", 1) for line in sample["answers"].splitlines() if line.strip())
        )
        samples.append(
            GradedQuestion(
                id=f"sample-{code}-{number}",
                text=sample["question"],
                language=code,
                max_grade=4.0,
                answers=answers,
                references=(answers[0].text,),
                group="history" if number == 2 else "biology",
            )
        )
    return tuple(samples)


def sample_context(code: str) -> AttackContext:
    """The first sample question of a language with the others as course, other subject and translations."""
    question, course, elsewhere = sample_questions(code)
    translations = tuple(sample_questions(other)[0] for other in language_codes() if other != code)
    return AttackContext(question, (course,), (elsewhere,), translations)
