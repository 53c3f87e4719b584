"""Small drawing helpers that the families share. All take the random numbers they use from the generator given."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from synth.attacks.languages import Language

T = TypeVar("T")
PATIENCE = 120
"""Unusable draws in a row before a family counts as having no more for a question."""
ENDINGS = ("", "", ".", "!", "...", "!!", "?", " :)", "!!!", " .")


def spaced(text: str) -> tuple[str, ...]:
    """The items of a table written with spaces between them."""
    return tuple(text.split())


def pick(rng: random.Random, items: Sequence[T]) -> T:
    """One of the items; quicker than `random.choice` and the same in every Python version."""
    return items[int(rng.random() * len(items))]


def shuffled(rng: random.Random, items: Sequence[T]) -> list[T]:
    """The items in random order."""
    copied = list(items)
    rng.shuffle(copied)
    return copied


def some(rng: random.Random, items: Sequence[T], count: int) -> list[T]:
    """`count` different items, or all of them, in random order."""
    return rng.sample(items, min(count, len(items)))


def endless(rng: random.Random, items: Sequence[T]) -> Iterator[T]:
    """All items in random order, again and again; nothing when there are none."""
    while items:
        yield from shuffled(rng, items)


def filled(template: str, **slots: str) -> str:
    """The template with its {slots} replaced; other braces, as in JSON, are left alone."""
    for name, value in slots.items():
        template = template.replace("{" + name + "}", value)
    return template


def number_text(value: float) -> str:
    """A grade as people write it: 5, 2.5."""
    return f"{value:g}"


def retouched(rng: random.Random, text: str) -> str:
    """The same words as another hand might type them: case, final marks, quotes, spaces."""
    kind = int(rng.random() * 8)
    if kind < 2:
        return text
    if kind == 2:
        return text.lower()
    if kind == 3:
        return text.upper()
    if kind == 4:
        return text.rstrip(".!?。！？।؟") + pick(rng, ENDINGS)
    if kind == 5:
        return pick(rng, ('"{}"', "({})", "- {}", "«{}»", "* {}", "\n{}", "{}\n", "  {}")).replace("{}", text)
    if kind == 6:
        return text + pick(rng, ENDINGS)
    return text.lower().rstrip(".!?。！？।؟") + pick(rng, ENDINGS)


def drawn_lines(
    rng: random.Random, language: Language, lines: Sequence[str], most: int = 3, retouch: bool = True
) -> Iterator[str]:
    """Endless texts of one to `most` of the lines; the single lines come first, as they are written."""
    if not lines:
        return
    yield from shuffled(rng, lines)
    while True:
        count = 1 + int(rng.random() * most)
        text = language.sentence_joiner.join(some(rng, lines, count))
        yield retouched(rng, text) if retouch else text


def kept(texts: Iterable[T], usable: Callable[[T], bool]) -> Iterator[T]:
    """The usable texts; ends when so many in a row are not that there may be no more."""
    refused = 0
    for text in texts:
        if usable(text):
            refused = 0
            yield text
        else:
            refused += 1
            if refused >= PATIENCE:
                return
