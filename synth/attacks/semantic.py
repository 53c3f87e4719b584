"""Full-credit answers whose meaning is broken; a grader that reads will notice. Reported, not part of the promise."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import regex

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, filled, kept, pick, shuffled, some
from synth.attacks.languages import Language, Pairs, language_data
from synth.attacks.material import Material, material
from synth.attacks.scripts import split_clauses, split_sentences

NUMBER = regex.compile(r"\p{Nd}+(?:[.,]\p{Nd}+)?")
ENTITY = regex.compile(r"(?<=[\p{Ll}\p{M},] )\p{Lu}[\p{L}\p{M}]{2,}")
EDGE = r"(?<![\p{{L}}\p{{M}}\p{{N}}])(?:{})(?![\p{{L}}\p{{M}}\p{{N}}])"
LONGEST_ITEM = 60


def word_shuffle(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The words of a full-credit answer in random order."""
    known = material(context.question)
    for answer in endless(rng, known.best):
        text = known.language.joiner.join(shuffled(rng, known.words(answer.text)))
        yield Attack(text, answer.text, answer.grade)


def sentence_splice(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Sentences of two to four different answers in one; compared with the best of them."""
    known = material(context.question)
    sentences = {answer.text: split_sentences(answer.text) or [answer.text] for answer in known.answers}
    while len(known.answers) >= 2:
        chosen = some(rng, known.answers, 2 + int(rng.random() * 3))
        parts = [pick(rng, sentences[answer.text]) for answer in chosen]
        best = max(chosen, key=lambda answer: answer.grade)
        yield Attack(" ".join(parts), best.text, best.grade)


@lru_cache(maxsize=512)
def _pattern(pairs: Pairs, spaced: bool) -> regex.Pattern[str] | None:
    words = sorted({left for left, _ in pairs}, key=lambda word: (-len(word), word))
    if not words:
        return None
    joined = "|".join(map(regex.escape, words))
    return regex.compile(EDGE.format(joined) if spaced else joined, regex.IGNORECASE)


def _stands_in(pairs: Pairs, language: Language, text: str) -> bool:
    pattern = _pattern(pairs, language.spaced)
    return pattern is not None and pattern.search(text) is not None


def _exchanged(rng: random.Random, language: Language, pairs: Pairs, text: str) -> str:
    """The text with one word of the pairs exchanged for its partner; the text itself where none stands in it."""
    pattern = _pattern(pairs, language.spaced)
    found = list(pattern.finditer(text)) if pattern else []
    if not found:
        return text
    match = pick(rng, found)
    word = match.group()
    partners = [right for left, right in pairs if left.casefold() == word.casefold()]
    if not partners:
        return text
    partner = pick(rng, partners)
    if word[:1].isupper():
        partner = partner[:1].upper() + partner[1:]
    return text[: match.start()] + partner + text[match.end() :]


@lru_cache(maxsize=64)
def _both_ways(code: str, kind: str) -> Pairs:
    pairs: Pairs = getattr(language_data(code), kind)
    return tuple(dict.fromkeys((*pairs, *((right, left) for left, right in pairs))))


def _pairs(language: Language, kind: str) -> Pairs:
    # Without a file of its own a language has no pairs; English ones would not stand in its answers.
    own: Pairs = getattr(language, kind)
    return _both_ways(language.code, kind) if own else ()


def negation(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """A full-credit answer turned round: one to three words negated or exchanged for their opposites."""
    known = material(context.question)
    language = known.language
    kinds = [pairs for pairs in (language.negations, _pairs(language, "opposites")) if pairs]
    answers = [answer for answer in known.best if any(_stands_in(pairs, language, answer.text) for pairs in kinds)]

    def draws() -> Iterator[Attack]:
        for answer in endless(rng, answers):
            text = answer.text
            for _ in range(pick(rng, (1, 1, 2, 3))):
                text = _exchanged(rng, language, pick(rng, kinds), text)
            yield Attack(text, answer.text, answer.grade)

    return kept(draws(), lambda attack: attack.text != attack.clean)


def _other_number(rng: random.Random, number: str) -> str:
    digits = list(number)
    places = [place for place, digit in enumerate(digits) if digit.isdecimal()]
    place = places[0] if rng.random() < 0.7 else pick(rng, places)
    zero = ord(digits[place]) - int(digits[place])
    digits[place] = chr(zero + (int(digits[place]) + 1 + int(rng.random() * 8)) % 10)
    return "".join(digits)


def _swapped_entities(rng: random.Random, text: str) -> str:
    found = list(ENTITY.finditer(text))
    different = [(a, b) for a, b in pairwise(found) if a.group() != b.group()]
    if not different:
        return text
    first, second = pick(rng, different)
    between = text[first.end() : second.start()]
    return text[: first.start()] + second.group() + between + first.group() + text[second.end() :]


def numbers_swapped(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """A full-credit answer with a number changed, two names exchanged, or a direction turned round."""
    known = material(context.question)
    language = known.language
    directions = _pairs(language, "directions")
    answers = [
        answer
        for answer in known.best
        if NUMBER.search(answer.text)
        or len(ENTITY.findall(answer.text)) > 1
        or _stands_in(directions, language, answer.text)
    ]

    def draws() -> Iterator[Attack]:
        for answer in endless(rng, answers):
            text = answer.text
            for _ in range(pick(rng, (1, 1, 2))):
                kind = rng.random()
                numbers = list(NUMBER.finditer(text))
                if numbers and kind < 0.5:
                    number = pick(rng, numbers)
                    text = text[: number.start()] + _other_number(rng, number.group()) + text[number.end() :]
                elif kind < 0.75:
                    text = _swapped_entities(rng, text)
                else:
                    text = _exchanged(rng, language, directions, text)
            yield Attack(text, answer.text, answer.grade)

    return kept(draws(), lambda attack: attack.text != attack.clean)


def _items(known: Material) -> tuple[list[tuple[str, float]], list[str]]:
    right = [(clause, answer.grade) for answer in known.best for clause in _short_clauses(known, answer.text)]
    wrong = [clause for answer in known.weak for clause in _short_clauses(known, answer.text)]
    return right, list(dict.fromkeys(wrong))


def _short_clauses(known: Material, text: str) -> list[str]:
    clauses = [clause for sentence in split_sentences(text) for clause in split_clauses(sentence)]
    if not known.language.spaced:
        # Where no space stands between words, one stands between clauses.
        clauses = [part for clause in clauses for part in clause.split()]
    return [clause.rstrip(" .。!?।") for clause in clauses if len(clause) <= LONGEST_ITEM]


def hedge_list(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """ "It is A or B or C": a part of a right answer among one to three wrong or partial ones."""
    known = material(context.question)
    right, wrong = _items(known)
    language = known.language
    between = "" if not language.spaced and language.code != "th" else " "
    while right and wrong and language.hedges:
        item, grade = pick(rng, right)
        items = shuffled(rng, [item, *some(rng, [text for text in wrong if text != item], 1 + int(rng.random() * 3))])
        text = f"{between}{pick(rng, language.or_words)}{between}".join(items)
        yield Attack(filled(pick(rng, language.hedges), list=text), item, grade)


FAMILIES = (
    AttackFamily(
        name="word-shuffle",
        tier="semantic",
        severity="high",
        summary="The words of a full-credit answer in random order.",
        source="Ding et al. 2020, word shuffling; Kumar et al. 2020",
        generate=word_shuffle,
    ),
    AttackFamily(
        name="sentence-splice",
        tier="semantic",
        severity="medium",
        summary="Sentences of several answers in one.",
        source="Yarmohammadtoosky et al. 2025; Kumar et al. 2020",
        generate=sentence_splice,
    ),
    AttackFamily(
        name="negation",
        tier="semantic",
        severity="high",
        summary="A full-credit answer negated, or with opposites in place of its words.",
        source="CheckList (Ribeiro et al. 2020), negation and antonyms",
        generate=negation,
    ),
    AttackFamily(
        name="numbers-swapped",
        tier="semantic",
        severity="high",
        summary="A full-credit answer with numbers, names or directions changed.",
        source="CheckList (Ribeiro et al. 2020), named entities and numbers",
        generate=numbers_swapped,
    ),
    AttackFamily(
        name="hedge-list",
        tier="semantic",
        severity="high",
        summary='Everything at once: "it is A or B or C".',
        source="Yarmohammadtoosky et al. 2025, on gaming with several answers",
        generate=hedge_list,
    ),
)
