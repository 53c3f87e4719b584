"""Words in an order that means nothing: drawn from a list, or from n-gram models of answers."""

from __future__ import annotations

import random
from collections.abc import Iterator

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, kept, pick
from synth.attacks.languages import primary
from synth.attacks.material import Material, material
from synth.attacks.ngrams import NGramModel

NOVELTY_WINDOW = 4
MOST_COPIED = 0.5
FEWEST_ANSWERS = 3


def _word_count(rng: random.Random, known: Material) -> int:
    return min(80, max(5, int(known.median_words * (0.5 + rng.random()))))


def random_words(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Everyday words drawn uniformly, none of them in the question or its answers.

    A language without a word list takes words of other subjects' answers in its place.
    """
    known = material(context.question)
    language = known.language
    listed = (*language.content_words, *language.function_words) or tuple(
        word
        for other in context.elsewhere
        if primary(other.language) == language.code
        for word in material(other).content_counts
    )
    words = [word for word in listed if word.casefold() not in known.vocabulary]
    while len(words) >= 10:
        text = language.joiner.join(rng.choices(words, k=_word_count(rng, known)))
        yield Attack(text)


def _modelled(rng: random.Random, known: Material, models: list[NGramModel], guarded: bool) -> Iterator[Attack]:
    joiner = known.language.joiner

    def draws() -> Iterator[str]:
        for order in endless(rng, (1, 2, 3, 4, 5)):
            model = pick(rng, models)
            words = model.generate(rng, order, _word_count(rng, known))
            new_enough = not guarded or model.copied_share(words, NOVELTY_WINDOW) <= MOST_COPIED
            yield joiner.join(words) if new_enough else ""

    for text in kept(draws(), lambda text: bool(text) and not known.holds_answer(text)):
        yield Attack(text)


def word_ngrams_other_topics(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Text of 1- to 5-gram word models of other subjects' answers in the question's language.

    Without such questions the models learn from the language's unrelated texts.
    """
    known = material(context.question)
    same = [
        other
        for other in context.elsewhere
        if primary(other.language) == known.language.code and len(other.answers) >= FEWEST_ANSWERS
    ]
    models = [material(other).word_model for other in same[:20]] or [known.phrases.word_model]
    return _modelled(rng, known, models, guarded=False)


def word_ngrams_own_topic(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Text of a 1- to 5-gram word model of this question's answers.

    At most half of its four-word windows may stand in an answer, and no short credited answer may: such a text could
    earn its grade.
    """
    known = material(context.question)
    if len(known.texts) < FEWEST_ANSWERS or known.accepts_bare_terms:
        return iter(())
    return _modelled(rng, known, [known.word_model], guarded=True)


FAMILIES = (
    AttackFamily(
        name="random-words",
        tier="must_reject",
        severity="critical",
        summary="Words drawn uniformly from a word list of the language.",
        source="Ding et al. 2020 (word 1-grams); Kumar et al. 2020, Calling Out Bluff",
        generate=random_words,
    ),
    AttackFamily(
        name="word-ngrams-other-topics",
        tier="must_reject",
        severity="high",
        summary="A 1- to 5-gram word model of other subjects' answers.",
        source="Ding et al. 2020, word n-grams",
        generate=word_ngrams_other_topics,
    ),
    AttackFamily(
        name="word-ngrams-own-topic",
        tier="must_reject",
        severity="high",
        summary="A 1- to 5-gram word model of this question's answers.",
        source="Ding et al. 2020, word n-grams",
        generate=word_ngrams_own_topic,
    ),
)
