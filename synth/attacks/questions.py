"""The question handed back: copied, cut, padded, shuffled, restated, turned into a statement; its instructions too."""

from __future__ import annotations

import random
from collections.abc import Iterator

from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import endless, filled, kept, number_text, pick, retouched, shuffled, some
from synth.attacks.languages import primary
from synth.attacks.material import Material, material
from synth.attacks.scripts import normal, split_clauses, split_sentences

LAST_MARKS = " .?!。？！؟।…:;¿¡"


def _stem(question: str) -> str:
    return question.strip().rstrip(LAST_MARKS).lstrip("¿¡ ")


def question_copy(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The question word for word; then with other case, marks, quotes and spaces, or twice."""
    question = context.question.text
    yield Attack(question)
    stem = _stem(question)
    while True:
        text = pick(rng, (question, question, stem, stem + ".", f"{question} {question}", f"{question}\n{question}"))
        yield Attack(retouched(rng, text))


def question_span(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """30 to 100 % of the question's consecutive words.

    A span that holds a short credited answer (as in "is it A or B?"), or that is part of a credited answer, is left
    out: it could be one.
    """
    known = material(context.question)
    tokens = known.tokens(context.question.text)
    places = [place for place, (_, is_word) in enumerate(tokens) if is_word]
    credited = [normal(answer.text) for answer in known.credited]

    def draws() -> Iterator[str]:
        while True:
            count = max(2, int(len(places) * (0.3 + 0.7 * rng.random()) + 0.5))
            first = int(rng.random() * (len(places) - count + 1))
            text = "".join(piece for piece, _ in tokens[places[first] : places[first + count - 1] + 1])
            yield text if rng.random() < 0.5 else retouched(rng, text)

    def usable(text: str) -> bool:
        found = normal(text)
        return not known.holds_answer(text) and not any(found in answer for answer in credited)

    if len(places) >= 3:
        for text in kept(draws(), usable):
            yield Attack(text)


def question_padded(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The question with filler sentences before it, after it, or both."""
    language = material(context.question).language
    question = context.question.text.strip()
    while True:
        before = some(rng, language.fillers, int(rng.random() * 3))
        after = some(rng, language.fillers, int(rng.random() * 3) or (0 if before else 1))
        text = (language.sentence_joiner or "").join([*before, question, *after])
        yield Attack(text if rng.random() < 0.6 else retouched(rng, text))


def question_shuffled(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """All words of the question in random order."""
    known = material(context.question)
    words = known.words(context.question.text)

    def draws() -> Iterator[str]:
        while True:
            text = known.language.joiner.join(shuffled(rng, words))
            yield text if rng.random() < 0.5 else retouched(rng, text)

    if len(words) >= 3:
        for text in kept(draws(), lambda text: not known.holds_answer(text)):
            yield Attack(text)


def _from_templates(known: Material, rng: random.Random, templates: tuple[str, ...]) -> Iterator[str]:
    question = known.question.text
    stems = [_stem(question), *(_stem(sentence) for sentence in split_sentences(question)[-1:])]
    if stems[0][:1].isupper() and stems[0][1:2].islower():
        stems.append(stems[0][0].lower() + stems[0][1:])
    for template in endless(rng, templates):
        text = filled(template, stem=pick(rng, stems), topic=pick(rng, known.topics))
        yield text if rng.random() < 0.6 else retouched(rng, text)


def question_restated(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The question in other words that answer nothing: "you ask me to …", its clauses in another order, both."""
    known = material(context.question)
    clauses = [_stem(clause) for part in split_sentences(context.question.text) for clause in split_clauses(part)]
    reordered = known.language.comma if len(clauses) > 1 else ""
    for text in _from_templates(known, rng, known.language.restated):
        if reordered and rng.random() < 0.3:
            yield Attack(reordered.join(shuffled(rng, clauses)) + pick(rng, (".", "", "?")))
        elif rng.random() < 0.3:
            yield Attack(pick(rng, known.language.fillers) + known.language.sentence_joiner + text)
        else:
            yield Attack(text)


def question_as_statement(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """The question turned into a statement that explains itself by itself."""
    known = material(context.question)
    for number, text in enumerate(_from_templates(known, rng, known.language.statement)):
        if number >= 10 and rng.random() < 0.4:
            text = pick(rng, known.language.fillers) + known.language.sentence_joiner + text
        yield Attack(text)


def other_question_copy(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Another question of the course, or of another subject, in an accepted language."""
    known = material(context.question)
    own = normal(context.question.text)
    texts = [
        other.text
        for other in (*context.course, *context.elsewhere)
        if primary(other.language) in known.accepted and normal(other.text) != own
    ]
    usable = [text for text in texts if not known.holds_answer(text)]
    for round_number, text in enumerate(endless(rng, usable)):
        yield Attack(text if round_number < len(usable) else retouched(rng, text))


def rubric_copy(context: AttackContext, rng: random.Random) -> Iterator[Attack]:
    """Instructions and marking schemes handed in as an answer, on the question's topic."""
    known = material(context.question)
    slots = {"max": number_text(context.question.max_grade)}
    for template in endless(rng, known.language.rubric):
        text = filled(template, topic=pick(rng, known.topics), **slots)
        if rng.random() < 0.5:
            more = filled(pick(rng, known.language.rubric), topic=pick(rng, known.topics), **slots)
            text += known.language.sentence_joiner + more
        yield Attack(text if rng.random() < 0.6 else retouched(rng, text))


FAMILIES = (
    AttackFamily(
        name="question-copy",
        tier="must_reject",
        severity="critical",
        summary="The question, verbatim or with other case and marks.",
        source="Higgins & Heilman 2014; Yarmohammadtoosky et al. 2025",
        generate=question_copy,
    ),
    AttackFamily(
        name="question-span",
        tier="must_reject",
        severity="critical",
        summary="30 to 100 % of the question's consecutive words, unless they could be an answer.",
        source="Higgins & Heilman 2014, copying from the prompt",
        generate=question_span,
    ),
    AttackFamily(
        name="question-padded",
        tier="must_reject",
        severity="critical",
        summary="The question between filler sentences.",
        source="Bejar et al. 2014, shell text; Yarmohammadtoosky et al. 2025",
        generate=question_padded,
    ),
    AttackFamily(
        name="question-shuffled",
        tier="must_reject",
        severity="high",
        summary="The question's words in random order.",
        source="Ding et al. 2020, shuffling, applied to the prompt",
        generate=question_shuffled,
    ),
    AttackFamily(
        name="question-restated",
        tier="must_reject",
        severity="high",
        summary="The question in other words, without an answer.",
        source="Yarmohammadtoosky et al. 2025, restating the prompt",
        generate=question_restated,
    ),
    AttackFamily(
        name="question-as-statement",
        tier="must_reject",
        severity="high",
        summary='The question as a statement that goes round in a circle: "the reason is the reason".',
        source="CheckList (Ribeiro et al. 2020) in spirit; tautologies in classroom data",
        generate=question_as_statement,
    ),
    AttackFamily(
        name="other-question-copy",
        tier="must_reject",
        severity="high",
        summary="Another question of the same test.",
        source="answergate; Higgins & Heilman 2014, copying from the prompt",
        generate=other_question_copy,
    ),
    AttackFamily(
        name="rubric-copy",
        tier="must_reject",
        severity="critical",
        summary="The instructions or the marking scheme handed in as the answer.",
        source="Prompt leakage in LLM graders; answergate",
        generate=rubric_copy,
    ),
)
