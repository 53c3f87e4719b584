"""The wrong language, two languages at once, and the right language in Latin letters."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, pick, retouched, some
from synth.attacks.languages import language_codes, language_data, primary
from synth.attacks.material import Token, material
from synth.attacks.transliteration import ROMANISED, romanised
from synth.graded import GradedQuestion

MIXED_WITH = ("es", "de", "hi", "id", "fr", "tr", "pt", "it", "sw")
"""Whose function words slip into an English answer."""


def wrong_language_off_topic(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Fluent texts on something else, in a bundled language that the question does not accept."""
    known = material(context.question)
    codes = [code for code in language_codes() if code not in known.accepted]
    for code in endless(rng, codes):
        language = language_data(code)
        lines = known.unrelated((*language.off_topic, *language.universal), code) or language.off_topic
        text = language.sentence_joiner.join(some(rng, lines, pick(rng, (1, 1, 2, 3))))
        yield Attack(text if rng.random() < 0.7 else retouched(rng, text))


def _foreign_best(known_languages: frozenset[str], questions: Sequence[GradedQuestion]) -> list[tuple[str, float]]:
    return [
        (answer.text, answer.grade)
        for question in questions
        if primary(question.language) not in known_languages
        for answer in material(question).best
    ]


def wrong_language_right_answer(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Full-credit answers to the same question in a language it does not accept; needs the question's translations."""
    answers = _foreign_best(material(context.question).accepted, context.translations)
    for number, (text, _) in enumerate(endless(rng, answers)):
        yield Attack(text if number < len(answers) else retouched(rng, text))


def _replaced(rng: random.Random, tokens: Sequence[Token], words: dict[str, str], share: float, spaced: bool) -> str:
    pieces = []
    for piece, is_word in tokens:
        found = words.get(piece.casefold()) if is_word else None
        if found and not spaced and rng.random() < share:
            piece = f" {found} "
        elif found and rng.random() < share:
            piece = found.capitalize() if piece[:1].isupper() and piece[1:].islower() else found
        pieces.append(piece)
    return "".join(pieces)


def code_mix(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """An honest answer with some of its function words in English (in an English one: of another language).

    The words that carry the answer stay as they are.
    """
    known = material(context.question)
    if known.language.code == "en":
        mixes = []
        for code in MIXED_WITH:
            if code in language_codes():
                pairs = language_data(code).glosses
                mixes.append({english: word for word, english in reversed(pairs)})
    else:
        mixes = [dict(known.language.glosses)]
    folded = [{word.casefold(): other for word, other in mix.items()} for mix in mixes if mix]
    for answer in endless(rng, known.honest if folded else ()):
        text = _replaced(
            rng, known.tokens(answer.text), pick(rng, folded), 0.4 + 0.6 * rng.random(), known.language.spaced
        )
        yield Attack(text, answer.text, answer.grade)


def transliteration(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """An honest answer in plain Latin letters, as people type without their own keyboard; whole or some words."""
    known = material(context.question)
    for answer in endless(rng, known.honest):
        share = 1.0 if rng.random() < 0.5 else 0.3 + 0.6 * rng.random()
        pieces = [
            romanised(piece, known.language.code) if is_word and (share == 1.0 or rng.random() < share) else piece
            for piece, is_word in known.tokens(answer.text)
        ]
        yield Attack("".join(pieces), answer.text, answer.grade)


FAMILIES = (
    AttackFamily(
        name="wrong-language-off-topic",
        tier="must_reject",
        severity="critical",
        summary="Fluent and off topic, in a language the question does not accept.",
        source="Higgins et al. 2006, off-topic responses; Deng et al. 2023, Multilingual Jailbreak Challenges",
        generate=wrong_language_off_topic,
    ),
    AttackFamily(
        name="wrong-language-right-answer",
        tier="must_reject",
        severity="medium",
        summary="The right answer in a language the question does not accept (needs translations): a policy.",
        source="Policy of language examinations; answergate",
        generate=wrong_language_right_answer,
    ),
    AttackFamily(
        name="code-mix",
        tier="must_not_move",
        severity="medium",
        summary="An honest answer with some function words of another language.",
        source="Code-mixing attacks, Tan & Joty 2021, Code-Mixing on Sesame Street",
        generate=code_mix,
    ),
    AttackFamily(
        name="transliteration",
        tier="must_not_move",
        severity="medium",
        summary="An honest answer in plain Latin letters: romanised, or without its accents.",
        source="Romanised writing of learners; Roark et al. 2020 (Dakshina)",
        generate=transliteration,
        languages=frozenset(ROMANISED),
    ),
)
