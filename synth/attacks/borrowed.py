"""Right answers to other questions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, retouched
from synth.attacks.languages import primary
from synth.attacks.material import Material, material
from synth.attacks.scripts import normal
from synth.graded import GradedQuestion

MOST_SHARED = 0.5
"""Share of an answer's words that may stand in one credited answer of the question attacked."""
SAME_QUESTION = 0.6
"""Share of words from which two questions count as the same one asked twice."""
ANSWERS_EACH = 12
COMPARED = 20


def _shared(words: frozenset[str], others: frozenset[str]) -> float:
    return len(words & others) / max(1, min(len(words), len(others)))


def _content(known: Material, text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in known.words(text) if known.is_content(word))


def _borrowable(context: AttackContext, others: Sequence[GradedQuestion]) -> list[str]:
    """The best answers to the other questions in an accepted language, but none that could answer this question."""
    known = material(context.question)
    own = _content(known, context.question.text)
    credited = [_content(known, answer.text) for answer in (*known.best[:COMPARED], *known.credited[:COMPARED])]
    texts: list[str] = []
    for question in others:
        other = material(question)
        if primary(question.language) not in known.accepted or normal(question.text) == normal(context.question.text):
            continue
        if own and _shared(own, _content(other, question.text)) > SAME_QUESTION:
            continue
        for answer in other.best[:ANSWERS_EACH]:
            words = _content(other, answer.text)
            if known.holds_answer(answer.text) or any(_shared(words, right) > MOST_SHARED for right in credited):
                continue
            texts.append(answer.text)
    return list(dict.fromkeys(texts))


def _attacks(rng: random.Random, texts: list[str]) -> Iterator[Attack]:
    for number, text in enumerate(endless(rng, texts)):
        yield Attack(text if number < len(texts) else retouched(rng, text))


def same_course_answer(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The best answers to the other questions of the course, unless half of their words stand in a credited answer."""
    return _attacks(rng, _borrowable(context, context.course))


def other_subject_answer(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The best answers to questions of other subjects, in an accepted language."""
    return _attacks(rng, _borrowable(context, context.elsewhere))


FAMILIES = (
    AttackFamily(
        name="same-course-answer",
        tier="must_reject",
        severity="high",
        summary="The best answer to another question of the same course.",
        source="Negatives of answer selection; Ding et al. 2020, off-topic answers",
        generate=same_course_answer,
    ),
    AttackFamily(
        name="other-subject-answer",
        tier="must_reject",
        severity="critical",
        summary="The best answer to a question of another subject.",
        source="Off-topic responses, Higgins et al. 2006; Kumar et al. 2020",
        generate=other_subject_answer,
    ),
)
