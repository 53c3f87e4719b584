"""Heaps of the right words without a sentence."""

from __future__ import annotations

import random
from collections.abc import Iterator

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import kept, pick, some
from synth.attacks.material import material

REPEATS = (15, 15, 15, 5, 8, 10, 12, 20, 25, 30)


def content_burst(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The topic's content words, drawn by how often answers use them, in random order and without function words.

    Nothing for a question whose students get credit for bare terms; never a text that holds a credited answer.
    """
    known = material(context.question)
    words = list(known.content_counts)
    if known.accepts_bare_terms or len(words) < 4:
        return
    weights = list(known.content_counts.values())
    joiner = known.language.joiner

    def draws() -> Iterator[str]:
        while True:
            count = min(60, max(5, int(known.median_words * (0.4 + rng.random()))))
            yield joiner.join(rng.choices(words, weights=weights, k=count))

    for text in kept(draws(), lambda text: not known.holds_answer(text)):
        yield Attack(text)


def keyword_stuffing(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Four to twelve key terms of the reference in random order, with commas between them."""
    known = material(context.question)
    terms = known.key_terms
    if known.accepts_bare_terms or len(terms) < 4:
        return

    def draws() -> Iterator[str]:
        while True:
            chosen = some(rng, terms, 4 + int(rng.random() * 9))
            yield pick(rng, (known.language.comma, known.language.comma, "\n", " / ", "; ")).join(chosen)

    for text in kept(draws(), lambda text: not known.holds_answer(text)):
        yield Attack(text)


def keyword_repeated(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """One key term of the reference, most often fifteen times."""
    known = material(context.question)
    terms = known.key_terms[:12]
    if known.accepts_bare_terms or not terms:
        return

    def draws() -> Iterator[str]:
        while True:
            term = terms[min(int(rng.expovariate(0.5)), len(terms) - 1)]
            between = pick(rng, (known.language.joiner, known.language.comma, "\n", "! ", " - "))
            yield between.join([term] * pick(rng, REPEATS))

    for text in kept(draws(), lambda text: not known.holds_answer(text)):
        yield Attack(text)


FAMILIES = (
    AttackFamily(
        name="content-burst",
        tier="must_reject",
        severity="high",
        summary="A bag of the topic's content words, by frequency, without function words.",
        source="Ding et al. 2020, content burst",
        generate=content_burst,
    ),
    AttackFamily(
        name="keyword-stuffing",
        tier="must_reject",
        severity="high",
        summary="The reference's key terms in random order, separated by commas.",
        source="Higgins & Heilman 2014; Yarmohammadtoosky et al. 2025, on gaming short-answer graders",
        generate=keyword_stuffing,
    ),
    AttackFamily(
        name="keyword-repeated",
        tier="must_reject",
        severity="high",
        summary="The best key term, over and over.",
        source="Kumar et al. 2020, Calling Out Bluff; Powers et al. 2002, Stumping e-rater",
        generate=keyword_repeated,
    ),
)
