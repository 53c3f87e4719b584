"""The protocol of Ding, Riordan and Cahill 2020, "Don't take 'nswvtnvakgxpm' for an answer" (COLING).

For every prompt 1,000 answers of each kind are made from its graded answers: random characters, character n-grams and
word n-grams of orders 1 to 5, content bursts, and real answers with their words shuffled. The measure is the
adversarial rejection rate: the share of them that gets the lowest score. The kinds are the paper's; the drawing of
lengths (those of real answers), the tokens and the rule that no answer equal to a graded one counts are ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

from eval.suites.asap import read_asap_or_graded
from eval.suites.base import NamedSuite
from synth.attacks import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, shuffled
from synth.attacks.material import Material, material
from synth.attacks.scripts import graphemes

SOURCE = "Ding, Riordan and Cahill 2020, COLING"
ORDERS = (1, 2, 3, 4, 5)
PER_PROMPT = 1000


def _lengths(rng: random.Random, known: Material, size: Callable[[str], int]) -> Iterator[int]:
    """Lengths of real answers, in random order, again and again."""
    return (max(1, size(text)) for text in endless(rng, known.texts))


def random_characters(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Letters of the question's script drawn uniformly, as long as real answers."""
    known = material(context.question)
    for length in _lengths(rng, known, lambda text: len(graphemes(text))):
        yield Attack("".join(rng.choices(known.language.alphabet, k=length)))


def character_ngrams(context: AttackContext, rng: random.Random, order: int) -> Iterator[Attack]:
    """A character model of one order over this prompt's answers."""
    known = material(context.question)
    for length in _lengths(rng, known, lambda text: len(graphemes(text))):
        yield Attack("".join(known.character_model.generate(rng, order, length)))


def word_ngrams(context: AttackContext, rng: random.Random, order: int) -> Iterator[Attack]:
    """A word model of one order over this prompt's answers."""
    known = material(context.question)
    for length in _lengths(rng, known, lambda text: len(known.words(text))):
        yield Attack(known.language.joiner.join(known.word_model.generate(rng, order, length)))


def content_burst(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Content words of the prompt and its answers, drawn by frequency."""
    known = material(context.question)
    words, weights = list(known.content_counts), list(known.content_counts.values())
    if not words:
        return
    for length in _lengths(rng, known, lambda text: sum(map(known.is_content, known.words(text)))):
        yield Attack(known.language.joiner.join(rng.choices(words, weights=weights, k=length)))


def shuffled_words(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """A real answer with its words in random order."""
    known = material(context.question)
    for text in endless(rng, known.texts):
        yield Attack(known.language.joiner.join(shuffled(rng, known.words(text))))


def _family(
    name: str, summary: str, generate: Callable[[AttackContext, random.Random], Iterator[Attack]]
) -> AttackFamily:
    return AttackFamily(f"ding2020-{name}", "must_reject", "high", summary, SOURCE, generate)


def _ngram_family(unit: str, order: int, generate: Callable[..., Iterator[Attack]]) -> AttackFamily:
    summary = f"A {unit} {order}-gram model of the prompt's answers."
    return _family(f"{unit}-{order}-grams", summary, partial(generate, order=order))


SUITE = NamedSuite(
    name="ding2020",
    summary="random characters, character and word n-grams, content burst, shuffled words; adversarial rejection rate",
    source=SOURCE,
    families=(
        _family("random-characters", "Random letters.", random_characters),
        *(_ngram_family("character", order, character_ngrams) for order in ORDERS),
        *(_ngram_family("word", order, word_ngrams) for order in ORDERS),
        _family("content-burst", "Content words of the prompt and its answers.", content_burst),
        _family("shuffled-words", "Real answers with their words shuffled.", shuffled_words),
    ),
    per_question=PER_PROMPT,
    read=read_asap_or_graded,
)
