"""Strings of letters that are no words: random, mashed on a keyboard, repeated, drawn from a character model."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, kept, pick
from synth.attacks.languages import Language, primary
from synth.attacks.material import Material, material
from synth.attacks.scripts import normal

NOVELTY_WINDOW = 8
MOST_COPIED = 0.4


def random_letters(rng: random.Random, language: Language, length: int) -> str:
    """`length` letters of the language's script, with spaces where the script has them; no word of the language."""
    letters: Sequence[str] = _drawn(rng, language.alphabet, length)
    if language.marks:
        draw, marks = rng.random, language.marks
        letters = [letter + pick(rng, marks) if draw() < 0.4 else letter for letter in letters]
    if not language.spaced:
        return "".join(letters)
    words: list[str] = []
    start = 0
    while start < length:
        size = 2 + int(rng.random() * 9)
        word = "".join(letters[start : start + size])
        words.append(word if word not in language.known_words else word + letters[0] + word)
        start += size + 1
    return " ".join(words)


def _drawn(rng: random.Random, alphabet: str, length: int) -> str:
    """Letters drawn uniformly; by bytes where the alphabet allows, which is many times quicker than one by one."""
    table = _byte_table(alphabet)
    if not table:
        return "".join(rng.choices(alphabet, k=length))
    drawn = ""
    while len(drawn) < length:
        drawn += rng.randbytes(2 * length).decode("latin-1").translate(table)
    return drawn[:length]


@lru_cache(maxsize=256)
def _byte_table(alphabet: str) -> dict[int, str | None]:
    """Which letter each byte stands for; the last bytes, which would make some letters likelier, for none."""
    if len(alphabet) > 256:
        return {}
    used = 256 - 256 % len(alphabet)
    return {byte: alphabet[byte % len(alphabet)] if byte < used else None for byte in range(256)}


def about_median(rng: random.Random, known: Material) -> int:
    """A length from half to one and a half of the median answer's, in characters; at most 400."""
    return min(400, max(8, int(known.median_length * (0.5 + rng.random()))))


def random_characters(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Letters drawn uniformly from the question's script, about as many as in a median answer."""
    known = material(context.question)

    def draws() -> Iterator[str]:
        while True:
            yield random_letters(rng, known.language, about_median(rng, known))

    for text in kept(draws(), lambda text: known.vocabulary.isdisjoint(word for word in text.split() if len(word) > 3)):
        yield Attack(text.capitalize() if rng.random() < 0.2 else text)


def _walk(rng: random.Random, rows: tuple[str, ...], length: int) -> str:
    row = int(rng.random() * len(rows))
    column = int(rng.random() * len(rows[row]))
    keys = []
    draw = rng.random
    for _ in range(length):
        keys.append(rows[row][column])
        step = draw()
        if step < 0.55:
            column += 1 if draw() < 0.6 else -1
        elif step < 0.8:
            row += 1 if draw() < 0.5 else -1
        elif step < 0.9:
            column += 2 if draw() < 0.5 else -2
        row = min(max(row, 0), len(rows) - 1)
        column = min(max(column, 0), len(rows[row]) - 1)
    return "".join(keys)


def keyboard_mash(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Walks from key to neighbouring key on the language's usual layout."""
    known = material(context.question)
    rows = known.language.keyboard

    def draws() -> Iterator[str]:
        while True:
            words = 1 if rng.random() < 0.5 else 1 + int(rng.random() * 5)
            yield " ".join(_walk(rng, rows, 6 + int(rng.random() * 14)) for _ in range(words))

    for text in kept(draws(), lambda text: known.vocabulary.isdisjoint(text.split())):
        yield Attack(text)


def repeated_characters(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """One letter, or two to four of them, again and again."""
    alphabet = material(context.question).language.alphabet
    while True:
        unit = "".join(rng.choices(alphabet, k=pick(rng, (1, 1, 1, 2, 2, 3, 4))))
        yield Attack(pick(rng, ("", "", "", " ")).join([unit] * (6 + int(rng.random() * 40))))


def random_digits(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Eight to forty digits, in groups or in one piece: too long for the answer to any sum."""
    known = material(context.question)

    def draws() -> Iterator[str]:
        while True:
            digits = "".join(rng.choices("0123456789", k=8 + int(rng.random() * 33)))
            size = pick(rng, (len(digits), len(digits), 3, 4, 5))
            yield pick(rng, (" ", "-", ".")).join(digits[start : start + size] for start in range(0, len(digits), size))

    for text in kept(draws(), lambda text: not known.holds_answer(text)):
        yield Attack(text)


def character_ngrams(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Text of a 1- to 5-gram character model of real answers.

    Orders 1 to 3 (1 in scripts without spaces) are learnt from this question's answers. Higher orders give whole
    words, so they are learnt from other subjects' answers in the question's language, or from the language's unrelated
    texts where none are given.
    """
    known = material(context.question)
    own = known.character_model
    same = [other for other in context.elsewhere if primary(other.language) == known.language.code and other.answers]
    others = [material(other).character_model for other in same[:20]]
    from_file = known.phrases.character_model

    highest_own = 3 if known.language.spaced else 1

    def draws() -> Iterator[str]:
        for order in endless(rng, (1, 2, 3, 4, 5)):
            foreign = pick(rng, others) if others else from_file
            model = own if order <= highest_own and own else foreign
            units = model.generate(rng, order, about_median(rng, known))
            copied = order > 2 and model is own and model.copied_share(units, NOVELTY_WINDOW) > MOST_COPIED
            yield "" if copied else "".join(units)

    def usable(text: str) -> bool:
        return bool(normal(text)) and not known.holds_answer(text)

    for text in kept(draws(), usable):
        yield Attack(text)


FAMILIES = (
    AttackFamily(
        name="random-characters",
        tier="must_reject",
        severity="critical",
        summary="Letters drawn uniformly from the question's script, as long as a median answer.",
        source='Ding et al. 2020, Don\'t take "nswvtnvakgxpm" for an answer',
        generate=random_characters,
    ),
    AttackFamily(
        name="keyboard-mash",
        tier="must_reject",
        severity="critical",
        summary="Walks over neighbouring keys of the language's keyboard.",
        source="Gibberish in classroom data; Higgins & Heilman 2014",
        generate=keyboard_mash,
    ),
    AttackFamily(
        name="repeated-characters",
        tier="must_reject",
        severity="critical",
        summary="One letter, or a few, repeated.",
        source="garak, probes.divergence (repetition)",
        generate=repeated_characters,
    ),
    AttackFamily(
        name="random-digits",
        tier="must_reject",
        severity="high",
        summary="Long strings of digits.",
        source="Ding et al. 2020, random characters, for digits",
        generate=random_digits,
    ),
    AttackFamily(
        name="character-ngrams",
        tier="must_reject",
        severity="high",
        summary="A 1- to 5-gram character model of real answers (orders 4 and 5: of other topics' answers).",
        source="Ding et al. 2020, character n-grams",
        generate=character_ngrams,
    ),
)
