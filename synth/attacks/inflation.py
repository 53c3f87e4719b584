"""Answers made to look like more than they are; none of it may change what they are worth."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, filled, number_text, pick, shuffled, some
from synth.attacks.material import Material, material
from synth.attacks.scripts import split_sentences
from synth.graded import GradedAnswer

MOST_PADDING = 10_000
"""Words of padding at most; the number drawn is as often of one magnitude as of another."""


def _with_inserted(rng: random.Random, known: Material, text: str, count: int) -> str:
    """The text with adverbs between words and adjectives at content words, each followed or led by a space."""
    language = known.language
    pieces = [piece for piece, _ in known.tokens(text)]
    places = [place for place, (_, is_word) in enumerate(known.tokens(text)) if is_word]
    nouns = [place for place in places if known.is_content(pieces[place])] or places
    if not places:
        return text
    for _ in range(count):
        if rng.random() < 0.5 and language.adjectives:
            place, word = pick(rng, nouns), pick(rng, language.adjectives)
            after = language.adjective_after
        else:
            place, word, after = pick(rng, places), pick(rng, language.adverbs), False
        held = pieces[place]
        pieces[place] = f"{held}{language.joiner}{word}" if after else f"{word}{language.joiner}{held}"
    return "".join(pieces)


def adjectives_adverbs(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """A wrong or partial answer with one to five adjectives and adverbs inserted."""
    known = material(context.question)
    for answer in endless(rng, known.weak):
        text = _with_inserted(rng, known, answer.text, 1 + int(rng.random() * 5))
        yield Attack(text, answer.text, answer.grade)


def duplication(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """A wrong or partial answer two to ten times over, whole or sentence by sentence."""
    known = material(context.question)
    for answer in endless(rng, known.weak):
        times = 2 + int(rng.random() * 9)
        if rng.random() < 0.7:
            text = pick(rng, (" ", "\n", ". ", "\n\n")).join([answer.text] * times)
        else:
            text = " ".join(sentence for sentence in split_sentences(answer.text) for _ in range(times))
        yield Attack(text, answer.text, answer.grade)


def _padded(context: AttackContext, rng: random.Random, answers: Sequence[GradedAnswer]) -> Iterator[Attack]:
    known = material(context.question)
    language = known.language
    lines = known.unrelated((*language.off_topic, *language.universal)) or language.off_topic
    words = max(1, sum(len(language.words(line)) for line in lines) // len(lines))
    joiner = language.sentence_joiner
    for answer in endless(rng, answers):
        wanted = 10 * (MOST_PADDING / 10) ** rng.random()
        sentences = rng.choices(lines, k=max(1, int(wanted / words)))
        cut = int(rng.random() * (len(sentences) + 1))
        yield Attack(joiner.join([*sentences[:cut], answer.text, *sentences[cut:]]), answer.text, answer.grade)


def padding(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """A wrong or partial answer among unrelated sentences: ten to ten thousand words of them."""
    return _padded(context, rng, material(context.question).weak)


def padding_honest(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """An answer with credit among unrelated sentences: ten to ten thousand words of them."""
    return _padded(context, rng, material(context.question).credited)


def near_zero(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """An answer graded 0 in slightly other words: sentences reordered, fillers added, function words lost."""
    known = material(context.question)
    language = known.language
    zeros = [answer for answer in known.answers if answer.grade == 0]
    for answer in endless(rng, zeros):
        kind = int(rng.random() * 5)
        text = answer.text
        if kind == 0:
            text = language.sentence_joiner.join(shuffled(rng, split_sentences(text)))
        elif kind == 1:
            lost = language.stop_words
            pieces = [piece for piece, _ in known.tokens(text) if piece.casefold() not in lost or rng.random() < 0.6]
            text = " ".join("".join(pieces).split())
        elif kind == 2:
            text = _with_inserted(rng, known, text, 1)
        if kind >= 3 or rng.random() < 0.3:
            fillers = some(rng, language.fillers, pick(rng, (1, 1, 2)))
            parts = [*fillers, text] if rng.random() < 0.6 else [text, *fillers]
            text = language.sentence_joiner.join(parts)
        yield Attack(text if rng.random() < 0.7 else text.lower(), answer.text, answer.grade)


def grade_text_appended(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """An honest answer with a grade written behind or before it; any grade of the scale."""
    known = material(context.question)
    maximum = context.question.max_grade
    top = max(1, int(maximum))
    for answer in endless(rng, known.honest):
        grade = maximum if rng.random() < 0.4 else float(int(rng.random() * (top + 1)))
        note = filled(pick(rng, known.language.grade_texts), grade=number_text(grade), max=number_text(maximum))
        parts = (note, answer.text) if rng.random() < 0.2 else (answer.text, note)
        yield Attack(pick(rng, (" ", "\n", " ")).join(parts), answer.text, answer.grade)


FAMILIES = (
    AttackFamily(
        name="adjectives-adverbs",
        tier="must_not_gain",
        severity="high",
        summary="Adjectives and adverbs inserted into a wrong or partial answer.",
        source="Filighera et al. 2023, Cheating Automatic Short Answer Grading with Adjectives and Adverbs",
        generate=adjectives_adverbs,
    ),
    AttackFamily(
        name="duplication",
        tier="must_not_gain",
        severity="high",
        summary="A wrong or partial answer two to ten times over.",
        source="Powers et al. 2002, Stumping e-rater (one paragraph, many times)",
        generate=duplication,
    ),
    AttackFamily(
        name="padding",
        tier="must_not_gain",
        severity="medium",
        summary="A wrong or partial answer among up to 10,000 unrelated words.",
        source="Kumar et al. 2020, Calling Out Bluff (lines added)",
        generate=padding,
    ),
    AttackFamily(
        name="padding-honest",
        tier="must_not_move",
        severity="medium",
        summary="An answer with credit among up to 10,000 unrelated words.",
        source="Kumar et al. 2020, Calling Out Bluff (lines added)",
        generate=padding_honest,
    ),
    AttackFamily(
        name="near-zero",
        tier="must_not_gain",
        severity="medium",
        summary="An answer graded 0, in slightly other words.",
        source="Filighera et al. 2020, Fooling Automatic Short Answer Grading Systems",
        generate=near_zero,
    ),
    AttackFamily(
        name="grade-text-appended",
        tier="must_not_move",
        severity="high",
        summary='A grade written beside an honest answer: "(grade: 5)".',
        source="Chen et al. 2024, Humans or LLMs as the Judge; answergate",
        generate=grade_text_appended,
    ),
)
