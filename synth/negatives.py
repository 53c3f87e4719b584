"""Negative pairs: answers shuffled among questions, so that each is fluent, real, and about something else."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from synth.examples import RELEVANT_KINDS, Example, Provenance, as_parameters
from synth.graded import GradedQuestion
from synth.instructions import Pair
from synth.text import fold

GENERATOR = "negatives"
GENERATOR_VERSION = "1"


class NegativesError(ValueError):
    """The pairs cannot be shuffled as asked."""

    exit_code: ClassVar[int] = 2


def shuffled_negatives(
    pairs: Sequence[Pair], seed: int = 0, per_question: int | None = None, other_groups: bool = False
) -> list[Example]:
    """Give every question answers of other questions of its language.

    For each language the answers are dealt out so that no question gets an answer of its own, an answer equal to one of
    its own (in its words), or the same answer twice. Every answer is used equally often, as far as that is possible.

    Args:
        pairs: true pairs of question and answer.
        seed: the same seed gives the same negatives.
        per_question: negatives of each question; by default as many as it has answers, which makes a derangement.
        other_groups: take answers only from questions of another group (course, article, task), where groups are known.

    Returns:
        Example rows of kind `irrelevant`, in the order of the questions.

    Raises:
        NegativesError: a language has fewer than two questions.
    """
    by_language: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.answer.strip():
            by_language[pair.language].append(pair)
    if not by_language:
        raise NegativesError("no pairs with an answer; name a file that has some")
    examples: list[Example] = []
    for language in sorted(by_language):
        examples += _dealt(by_language[language], random.Random(f"{seed}:{language}"), seed, per_question, other_groups)
    return examples


def pairs_of_questions(questions: Iterable[GradedQuestion]) -> list[Pair]:
    """Graded questions as true pairs."""
    return [
        Pair(question.text, answer.text, question.language, question.group, question.id)
        for question in questions
        for answer in question.answers
    ]


def pairs_of_examples(examples: Iterable[Example]) -> list[Pair]:
    """The relevant ones among example rows as true pairs."""
    return [
        Pair(example.question, example.answer, example.language, example.group or "", example.question_id)
        for example in examples
        if example.kind in RELEVANT_KINDS
    ]


def _dealt(
    pairs: Sequence[Pair], dice: random.Random, seed: int, per_question: int | None, other_groups: bool
) -> Iterator[Example]:
    own: dict[str, set[str]] = defaultdict(set)
    first: dict[str, Pair] = {}
    asked: dict[str, int] = defaultdict(int)
    for pair in pairs:
        own[pair.question_id].add(fold(pair.answer))
        first.setdefault(pair.question_id, pair)
        asked[pair.question_id] += 1
    language = pairs[0].language
    if len(first) < 2:
        raise NegativesError(
            f"language {language} has one question only: its answers have nowhere to go; add questions or leave it out"
        )
    slots = [question for question in first for _ in range(per_question or asked[question])]
    hand = _answers_for(slots, pairs, dice)
    placed = _placed(slots, hand, own, first, dice, other_groups)
    for question, donor in zip(slots, placed, strict=True):
        if donor is not None:
            yield _example(first[question], donor, seed, per_question, other_groups)


def _answers_for(slots: Sequence[str], pairs: Sequence[Pair], dice: random.Random) -> list[Pair]:
    """As many answers as slots, each equally often, shuffled."""
    hand: list[Pair] = []
    while len(hand) < len(slots):
        deck = list(pairs)
        dice.shuffle(deck)
        hand += deck[: len(slots) - len(hand)]
    dice.shuffle(hand)
    return hand


def _placed(
    slots: Sequence[str],
    hand: list[Pair],
    own: dict[str, set[str]],
    first: dict[str, Pair],
    dice: random.Random,
    other_groups: bool,
) -> list[Pair | None]:
    """Swap until every slot holds an answer it may hold; None where no answer of the hand fits."""
    folded = [fold(pair.answer) for pair in hand]
    held: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for place, question in enumerate(slots):
        held[question][folded[place]] += 1

    def fits(question: str, place: int, taken: int) -> bool:
        """Whether the question may hold the hand's answer, which it holds `taken` times besides."""
        donor = hand[place]
        if donor.question_id == question or folded[place] in own[question]:
            return False
        if other_groups and donor.group and donor.group == first[question].group:
            return False
        return taken == 0

    def swap(here: int, there: int) -> None:
        for place, sign in ((here, -1), (there, -1)):
            held[slots[place]][folded[place]] += sign
        hand[here], hand[there] = hand[there], hand[here]
        folded[here], folded[there] = folded[there], folded[here]
        for place in (here, there):
            held[slots[place]][folded[place]] += 1

    result: list[Pair | None] = [None] * len(slots)
    order = list(range(len(slots)))
    for place, question in enumerate(slots):
        if fits(question, place, held[question][folded[place]] - 1):
            continue
        tries = dice.sample(order, len(order)) if len(order) <= 2000 else dice.choices(order, k=2000)
        for other in tries:
            there = slots[other]
            if there == question:
                continue
            # Each must fit where it goes; a slot that is wrong anyway may become right or stay wrong later on.
            if fits(question, other, held[question][folded[other]]) and fits(there, place, held[there][folded[place]]):
                swap(place, other)
                break
    for place, question in enumerate(slots):
        if fits(question, place, held[question][folded[place]] - 1):
            result[place] = hand[place]
        else:
            held[question][folded[place]] -= 1
    return result


def _example(question: Pair, donor: Pair, seed: int, per_question: int | None, other_groups: bool) -> Example:
    return Example(
        question_id=question.question_id,
        question=question.question,
        answer=donor.answer,
        kind="irrelevant",
        relevant=False,
        language=question.language,
        group=question.group or None,
        provenance=Provenance(
            generator=GENERATOR,
            generator_version=GENERATOR_VERSION,
            seed=seed,
            parameters=as_parameters({"per_question": per_question, "other_groups": other_groups}),
            parent=donor.question_id,
        ),
    )
