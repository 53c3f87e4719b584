"""The student says that there is no answer."""

from __future__ import annotations

import random
from collections.abc import Iterator

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import drawn_lines, endless, filled, pick, retouched
from synth.attacks.material import material


def refusal(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """ "idk", "I don't know", as students of the language write it."""
    language = material(context.question).language
    for text in drawn_lines(rng, language, language.refusals, most=2):
        yield Attack(text)


def topic_refusal(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The question's own topic inside a refusal: relevant words, no answer."""
    known = material(context.question)
    language = known.language
    for template in endless(rng, language.topic_refusals):
        text = filled(template, topic=pick(rng, known.topics))
        if rng.random() < 0.4:
            text += language.sentence_joiner + pick(rng, language.refusals)
        yield Attack(text if rng.random() < 0.5 else retouched(rng, text))


FAMILIES = (
    AttackFamily(
        name="refusal",
        tier="must_reject",
        severity="critical",
        summary="The student writes that there is no answer.",
        source="Non-attempts in graded corpora; Higgins & Heilman 2014",
        generate=refusal,
    ),
    AttackFamily(
        name="topic-refusal",
        tier="must_reject",
        severity="high",
        summary="A refusal that names the question's topic.",
        source="answergate; topical relevance without an answer, after Bejar et al. 2014 on shell text",
        generate=topic_refusal,
    ),
)
