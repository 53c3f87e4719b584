"""Bags of words: the nonsense that word-level searches move in.

A candidate is nonsense by construction, not by anybody's judgement:

- it is a bag: the search chooses which words are in it, chance chooses their order, so it states nothing;
- it holds at most a third of the content words that any one credited answer or reference adds to the question, by the
  beginnings of words, so that inflected forms count; where students get credit for bare terms, none at all;
- it is no terse answer and no heap of key words: it has five words or more, and at most a third of them are content
  words of any credited answers at all;
- no three words of it stand in the same order in a credited answer, and no short credited answer stands in it whole.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property

from synth.attacks import AttackContext, make_attacks
from synth.attacks.material import Material, material

Bag = tuple[str, ...]
"""Sorted words; a word may stand there more than once."""

MOST_SHARED = 1 / 3
FEWEST_WORDS = 5
LONGEST_RUN = 2
KEY_LENGTH = 5
ORDERS = 12
"""Orders that are tried for a bag before it is given up as too close to an answer."""
BORROWED_TEXTS = 60
STARTING_FAMILIES = (
    "random-words",
    "keyword-stuffing",
    "word-ngrams-own-topic",
    "word-ngrams-other-topics",
    "off-topic-fluent",
    "question-padded",
    "same-course-answer",
    "other-subject-answer",
)
FAVOURED = 0.5
"""Share of the words that are drawn from those that helped before, once there are any."""
EDITS = ("insert", "insert", "replace", "replace", "delete")


class Bags:
    """The bags of one question: their words, their rules, their edits."""

    def __init__(self, context: AttackContext, seed: int) -> None:
        self.question = context.question
        self._context = context
        self._known: Material = material(context.question)
        self._seed = seed
        self.longest = min(60, 2 * self._known.median_words + 8)
        """Words of the longest bag; never below 18."""
        asked = {self._key(word) for word in self._known.words(self.question.text)}
        texts = (*self.question.references, *(answer.text for answer in self._known.credited))
        self._own = [own for text in texts if (own := self._content(text) - asked)]
        self._telling = frozenset().union(*self._own)
        self._runs = frozenset(run for text in texts for run in self._run_keys(self._known.words(text)))
        self._most = 0.0 if self._known.accepts_bare_terms else MOST_SHARED

    @cached_property
    def sources(self) -> tuple[tuple[str, ...], ...]:
        """Words to draw from, by where they are from: question, its answers, other answers, function words, phrases."""
        known, language = self._known, self._known.language
        rng = random.Random(f"{self._seed}\nwords\n{self.question.id}")
        others = [
            answer.text
            for other in (*self._context.course, *self._context.elsewhere)
            for answer in material(other).best[:4]
        ]
        rng.shuffle(others)
        phrases = (*language.vacuous, *language.universal, *language.master_keys)
        lists = (
            known.words(self.question.text),
            [word for text in known.texts[:40] for word in known.words(text)],
            [word for text in others[:BORROWED_TEXTS] for word in language.words(text)],
            list(language.function_words),
            [word for text in phrases for word in language.words(text) if "{" not in text],
        )
        return tuple(tuple(dict.fromkeys(words)) for words in lists if words)

    def allows(self, words: Sequence[str]) -> bool:
        """Whether no credited answer has too many of its own content words among these, nor all together."""
        keys = [self._key(word) for word in words]
        if sum(key in self._telling for key in keys) > MOST_SHARED * len(keys):
            return False
        unique = set(keys)
        return all(len(own & unique) <= self._most * len(own) for own in self._own)

    def allows_text(self, text: str) -> bool:
        """The rules for a text that is no bag, such as one that a model wrote: the same, but for the chance order."""
        words = self._known.language.words(text)
        return self.allows(words) and not self._too_close(words, text)

    def text(self, bag: Bag, order: int = 0) -> str | None:
        """The bag in an order that chance chose (`order` chooses among chances), or None where each comes too close."""
        for attempt in range(ORDERS):
            words = list(bag)
            random.Random(f"{self._seed}\n{order}\n{attempt}\n{bag}").shuffle(words)
            text = self._known.language.joiner.join(words)
            if not self._too_close(words, text):
                return text
        return None

    def bag(self, words: Sequence[str]) -> Bag:
        """A bag of words, as many as fit."""
        return tuple(sorted(words[: self.longest]))

    def starts(self, count: int) -> list[Bag]:
        """Bags made of must_reject attacks of several families, and of words drawn from everywhere."""
        rng = random.Random(f"{self._seed}\nstarts\n{self.question.id}")
        found: dict[Bag, None] = {}
        each = 1 + count // len(STARTING_FAMILIES)
        for family in STARTING_FAMILIES:
            for attack in make_attacks(family, self._context, each, self._seed):
                words = self._known.language.words(attack.text)
                if len(words) >= FEWEST_WORDS and self.allows(words[: self.longest]):
                    found[self.bag(words)] = None
        starts = list(found)
        rng.shuffle(starts)
        wanted = max(1, count)
        for _ in range(20 * wanted):
            if len(starts) >= wanted:
                break
            drawn = [self.draw(rng) for _ in range(rng.randint(FEWEST_WORDS, self.longest // 2))]
            if self.allows(drawn):
                starts.append(self.bag(drawn))
        return starts[:wanted]

    def draw(self, rng: random.Random) -> str:
        """A word from one of the sources, each as likely."""
        return rng.choice(rng.choice(self.sources))

    def edited(self, bag: Bag, rng: random.Random, edits: int = 1, favourites: Sequence[str] = ()) -> Bag | None:
        """The bag after some edits (insert, replace, delete), or None when it is no longer allowed or too long.

        Args:
            favourites: words that are drawn more often than others, such as those that helped before.
        """

        def drawn() -> str:
            return rng.choice(favourites) if favourites and rng.random() < FAVOURED else self.draw(rng)

        words = list(bag)
        for _ in range(edits):
            kind = rng.choice(EDITS)
            if kind == "insert" or not words:
                words.append(drawn())
            elif kind == "replace":
                words[rng.randrange(len(words))] = drawn()
            elif kind == "delete" and len(words) > FEWEST_WORDS:
                del words[rng.randrange(len(words))]
        return tuple(sorted(words)) if len(words) <= self.longest and self.allows(words) else None

    def merged(self, first: Bag, second: Bag, rng: random.Random) -> Bag | None:
        """Words of two bags in one, or None when that is not allowed."""
        words = list(dict.fromkeys((*first, *second)))
        rng.shuffle(words)
        words = words[: rng.randint(max(FEWEST_WORDS, len(words) // 2), max(FEWEST_WORDS, len(words)))]
        return self.bag(words) if len(words) >= FEWEST_WORDS and self.allows(words[: self.longest]) else None

    def _too_close(self, words: Sequence[str], text: str) -> bool:
        if self._known.may_earn(text) or self._known.holds_answer(text):
            return True
        return not self._runs.isdisjoint(self._run_keys(words))

    def _run_keys(self, words: Sequence[str]) -> list[tuple[str, ...]]:
        keys = [self._key(word) for word in words]
        size = LONGEST_RUN + 1
        return [tuple(keys[place : place + size]) for place in range(len(keys) - size + 1)]

    def _content(self, text: str) -> frozenset[str]:
        return frozenset(self._key(word) for word in self._known.words(text) if self._known.is_content(word))

    def _key(self, word: str) -> str:
        """A word's beginning, so that its inflected forms are alike; short words as they are."""
        folded = self._known.language.without_particle(word).casefold()
        return folded[:KEY_LENGTH] if self._known.language.spaced else folded
