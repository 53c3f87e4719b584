"""Light noise as honest students make it: slips of the fingers, learners' spellings, case, lost marks."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, pick
from synth.attacks.material import Material, material
from synth.attacks.scripts import LETTER, graphemes

SHORTEST = 4
WORDS_PER_SLIP = 8
MOST_SLIPS = 3
ACCENTED = ("Latin", "Greek")
"""Scripts whose marks are accents that people leave out; in others they are vowels."""


def _slip(rng: random.Random, known: Material, word: str) -> str:
    """The word with one slip that leaves its first letter and its digits alone."""
    units = graphemes(word)
    place = 1 + int(rng.random() * (len(units) - 2))
    kind = rng.random()
    if kind < 0.3:
        units[place], units[place + 1] = units[place + 1], units[place]
    elif kind < 0.5:
        del units[place]
    elif kind < 0.7:
        units.insert(place, units[place])
    elif kind < 0.85:
        units[place] = _neighbour(rng, known.language.keyboard, units[place])
    elif known.language.scripts[0] in ACCENTED:
        bare = [mark for mark in unicodedata.normalize("NFD", word) if not unicodedata.combining(mark)]
        return unicodedata.normalize("NFC", "".join(bare))
    return "".join(units)


def _neighbour(rng: random.Random, rows: tuple[str, ...], letter: str) -> str:
    for row in rows:
        column = row.find(letter)
        if column >= 0 and len(row) > 1:
            return row[column + 1] if column + 1 < len(row) and (column == 0 or rng.random() < 0.5) else row[column - 1]
    return letter


def _may_slip(known: Material, word: str) -> bool:
    letters = graphemes(word)
    if len(letters) < SHORTEST or any(letter.isdigit() for letter in word):
        return False
    return bool(LETTER.match(word)) and (known.language.spaced or word.isascii())


def typos(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """An honest answer with one slip in about eight words, a learner's spelling, other case, or without its marks.

    Numbers and short words stay; a slip never makes another word of the question or its answers.
    """
    known = material(context.question)
    habits: dict[str, list[str]] = {}
    for right, wrong in known.language.typos:
        habits.setdefault(right.casefold(), []).append(wrong)
    places: dict[str, tuple[list[int], list[int]]] = {}
    for answer in endless(rng, known.honest):
        tokens = known.tokens(answer.text)
        pieces = [piece for piece, _ in tokens]
        if answer.text not in places:
            words = [(place, piece) for place, (piece, is_word) in enumerate(tokens) if is_word]
            places[answer.text] = (
                [place for place, word in words if word.casefold() in habits],
                [place for place, word in words if _may_slip(known, word)],
            )
        habitual, slippery = places[answer.text]
        count = min(MOST_SLIPS, max(1, len(tokens) // (2 * WORDS_PER_SLIP)))
        for _ in range(1 + int(rng.random() * count)):
            place = pick(rng, habitual if habitual and (rng.random() < 0.5 or not slippery) else slippery or [-1])
            if place < 0:
                break
            word = pieces[place]
            if place in habitual:
                wrong = pick(rng, habits[tokens[place][0].casefold()])
            else:
                wrong = _slip(rng, known, word) if len(graphemes(word)) >= SHORTEST else word
                wrong = word if wrong.casefold() in known.vocabulary else wrong
            pieces[place] = wrong.capitalize() if word.istitle() else wrong
        text = "".join(pieces)
        look = rng.random()
        if look < 0.15:
            text = text.lower()
        elif look < 0.2:
            text = text.upper()
        elif look < 0.35:
            text = text.rstrip(".!。।؟ ")
        elif look < 0.45:
            text = text.replace(", ", " ").replace("，", " ").replace("、", " ").replace("، ", " ")
        elif look < 0.5:
            text = text.replace(". ", ".  ").replace("。", ".")
        yield Attack(text, answer.text, answer.grade)


FAMILIES = (
    AttackFamily(
        name="typos",
        tier="must_not_move",
        severity="high",
        summary="An honest answer with light typing and spelling noise, other case, or lost marks.",
        source="Belinkov & Bisk 2018, Synthetic and Natural Noise; CheckList (Ribeiro et al. 2020), invariance tests",
        generate=typos,
    ),
)
