"""Good sentences that say nothing to the question: off topic, universally true, vacuous, absurd."""

from __future__ import annotations

import random
from collections.abc import Iterator

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import drawn_lines, endless, filled, kept, pick, retouched, some
from synth.attacks.material import material


def off_topic_fluent(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Weather, news, recipes, sport, songs, small talk; none that shares a content word with the question."""
    known = material(context.question)
    lines = known.unrelated(known.language.off_topic)
    for text in drawn_lines(rng, known.language, lines):
        yield Attack(text)


def universal_statements(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """What is always true and answers nothing; none that shares a content word with the question."""
    known = material(context.question)
    lines = known.unrelated(known.language.universal)
    for text in kept(drawn_lines(rng, known.language, lines), lambda text: not known.holds_answer(text)):
        yield Attack(text)


def _about_topic(context: AttackContext, rng: random.Random, templates: tuple[str, ...]) -> Iterator[Attack]:
    known = material(context.question)
    topics = known.topics

    def draws() -> Iterator[str]:
        for template in endless(rng, templates):
            others = [other for other in some(rng, templates, pick(rng, (0, 0, 1, 2))) if other != template]
            sentences = [filled(each, topic=pick(rng, topics)) for each in (template, *others)]
            text = known.language.sentence_joiner.join(each[0].upper() + each[1:] for each in sentences)
            yield text if rng.random() < 0.7 else retouched(rng, text)

    for text in draws():
        yield Attack(text)


def vacuous(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Sentences that fit any topic, with this question's topic in them."""
    return _about_topic(context, rng, material(context.question).language.vacuous)


def absurd_on_topic(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Sentences on the question's topic that nobody can take seriously."""
    return _about_topic(context, rng, material(context.question).language.absurd)


def shell_babble(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The empty sentences of an essay, about things that have nothing to do with the question."""
    known = material(context.question)
    language = known.language
    things = [word for word in language.content_words if word.casefold() not in known.vocabulary]
    templates = (*language.vacuous, *language.absurd)
    while things and templates:
        chosen = some(rng, templates, pick(rng, (1, 2, 2, 3)))
        text = language.sentence_joiner.join(filled(template, topic=pick(rng, things)) for template in chosen)
        yield Attack(text[0].upper() + text[1:])


FAMILIES = (
    AttackFamily(
        name="off-topic-fluent",
        tier="must_reject",
        severity="critical",
        summary="Fluent text on something else: weather, news, a recipe, a song, small talk.",
        source="Off-topic responses, Higgins et al. 2006; Kumar et al. 2020 (songs, speeches)",
        generate=off_topic_fluent,
    ),
    AttackFamily(
        name="universal-statements",
        tier="must_reject",
        severity="high",
        summary="Sentences that are always true.",
        source="Kumar et al. 2020, Calling Out Bluff (universal truths)",
        generate=universal_statements,
    ),
    AttackFamily(
        name="vacuous",
        tier="must_reject",
        severity="high",
        summary="On topic and empty: many factors play an important role.",
        source="Bejar et al. 2014, shell text; Powers et al. 2002, Stumping e-rater",
        generate=vacuous,
    ),
    AttackFamily(
        name="absurd-on-topic",
        tier="must_reject",
        severity="high",
        summary="On topic and absurd: the quadratic equation is a dance from the 1920s.",
        source="Irrelevant answers a chat model writes when asked for them",
        generate=absurd_on_topic,
    ),
    AttackFamily(
        name="shell-babble",
        tier="must_reject",
        severity="high",
        summary="Empty essay sentences about random unrelated things.",
        source="Perelman's BABEL generator (2014); Kumar et al. 2020 (BABEL)",
        generate=shell_babble,
    ),
)
