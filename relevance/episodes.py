"""Training episodes: a question with a random support, and answers compared with that support.

One question gives several episodes, from the question alone (cold) to 25 graded answers (warm), so that one model
learns to use whatever it is given.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from encoders import Encoder
from relevance.background import LanguageBackground
from relevance.corpus import GateQuestion
from relevance.evidence import Evidence
from relevance.prepare import PreparedAnswer, QuestionReader
from relevance.space import Space, Vectors
from relevance.text_facts import TextFacts
from synth.graded import GradedAnswer

GENUINE = "genuine"
SUPPORT_SIZES = (0, 0, 4, 10, 25, 25, 25)
"""Support sizes of a question's episodes; of the cold ones only the first is without reference answers. A question with
too few answers for a size is asked for the next smaller one only once."""
OTHER_ANSWERS = 12
"""Negatives borrowed per episode from each of: the same group, the same language, any language."""
BORROWED = ("same-course-answer", "other-subject-answer", "wrong-language-off-topic")
"""Families of the negatives borrowed from each of these."""


@dataclass(frozen=True)
class EpisodeTable:
    """Rows for the model: `features` (n, f) float32, `interactions` (n, i) float32, `relevant` (n,) bool.

    `family` (GENUINE, a benign kind, or a negative's family), `question` (row of the question list), `size` (support),
    `rejected` (a guard turned the text away, so that the model never sees it), `guard` (its name, else empty).
    `source_question` and `source_row`: where the text is from, for `text_of_source`.
    """

    features: NDArray[np.float32]
    interactions: NDArray[np.float32]
    relevant: NDArray[np.bool_]
    family: NDArray[np.str_]
    question: NDArray[np.int64]
    size: NDArray[np.int64]
    rejected: NDArray[np.bool_]
    guard: NDArray[np.str_]
    source_question: NDArray[np.int64]
    source_row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.relevant)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> EpisodeTable:
        """The given rows."""
        return EpisodeTable(*(getattr(self, name)[rows] for name in _COLUMNS))


_COLUMNS = tuple(column.name for column in fields(EpisodeTable))


@dataclass(frozen=True)
class Prepared:
    """A question with all its texts cleaned and encoded."""

    item: GateQuestion
    reader: QuestionReader
    question_row: Vectors
    reference_rows: Vectors
    texts: list[PreparedAnswer]
    facts: list[TextFacts]
    rows: Vectors
    """Rows of `Encoder.encode_deep`, as those of question and references."""
    credit: NDArray[np.float64]
    kinds: list[str]
    """Per text: GENUINE for a graded answer, `benign:<why hard>`, or the negative's family."""

    @property
    def answer_rows(self) -> list[int]:
        """Rows of the graded answers, which come first."""
        return list(range(len(self.item.question.answers)))


def prepare_questions(items: Sequence[GateQuestion], encoder: Encoder) -> list[Prepared]:
    """Clean and encode every text of the questions, each distinct text once."""
    drafts = []
    texts: dict[str, int] = {}
    for item in items:
        question = item.question
        reader = QuestionReader(question.text, question.language, question.references, question.accepted_languages)
        raw = [answer.text for answer in (*question.answers, *item.benign)]
        raw += [negative.text for negative in item.negatives]
        prepared = [reader.prepare(text) for text in raw]
        references = [reader.prepare(reference).text for reference in question.references]
        for text in [*(answer.own_text for answer in prepared), *references]:
            texts.setdefault(text, len(texts))
        drafts.append((item, reader, prepared, references))
    rows = encoder.encode_deep(list(texts), role="answer")
    question_rows = encoder.encode_deep([reader.clean_question for _, reader, _, _ in drafts], role="question")
    done = []
    for (item, reader, prepared, references), question_row in zip(drafts, question_rows, strict=True):
        benign_kinds = item.benign_kinds or ("benign",) * len(item.benign)
        kinds = [GENUINE] * len(item.question.answers)
        kinds += [f"benign:{kind}" for kind in benign_kinds]
        kinds += [negative.family for negative in item.negatives]
        credit = [answer.grade / item.question.max_grade for answer in (*item.question.answers, *item.benign)]
        done.append(
            Prepared(
                item=item,
                reader=reader,
                question_row=question_row,
                reference_rows=rows[[texts[text] for text in references]],
                texts=prepared,
                facts=[TextFacts.of(answer.own_text) for answer in prepared],
                rows=rows[[texts[answer.own_text] for answer in prepared]],
                credit=np.array([*credit, *([0.0] * len(item.negatives))]),
                kinds=kinds,
            )
        )
    return done


def build_episodes(
    prepared: Sequence[Prepared],
    space: Space,
    background: LanguageBackground,
    seed: int,
    sizes: Sequence[int] = SUPPORT_SIZES,
    only: Sequence[int] | None = None,
) -> EpisodeTable:
    """Episodes of every question, or of those with the indices `only`; negatives are borrowed from all of them.

    A support takes at most 70 % of a question's graded answers, so that every episode has genuine answers to pass.
    """
    parts = []
    for number in range(len(prepared)) if only is None else only:
        item = prepared[number]
        random = np.random.default_rng([seed, zlib.crc32(item.item.question.id.encode())])
        others = _Others(prepared, number)
        used: set[int] = set()
        for episode, wanted in enumerate(sizes):
            size = min(wanted, int(0.7 * len(item.answer_rows)))
            if wanted and size in used and size < wanted:
                continue
            used.add(size)
            with_references = episode > 0 and (size == 0 or random.random() < 0.5)
            parts.append(_episode(item, number, size, with_references, others, space, background, random))
    return concatenate(parts)


def concatenate(tables: Sequence[EpisodeTable]) -> EpisodeTable:
    """The rows of several tables, in order."""
    return EpisodeTable(*(np.concatenate([getattr(table, name) for table in tables]) for name in _COLUMNS))


class _Others:
    """Answers to other questions, as negatives of one question."""

    def __init__(self, prepared: Sequence[Prepared], number: int) -> None:
        own = prepared[number].item
        own_texts = {answer.own_text for answer in prepared[number].texts}
        course, language, anywhere = [], [], []
        for index, other in enumerate(prepared):
            if (
                index == number
                or other.item.split_key == own.split_key
                or other.item.question.text == own.question.text
            ):
                continue
            same_language = other.item.question.language == own.question.language
            rows = [(index, row) for row in other.answer_rows if other.texts[row].own_text not in own_texts]
            if same_language and other.item.question.group == own.question.group:
                course.extend(rows)
            elif same_language:
                language.extend(rows)
            else:
                anywhere.extend(rows)
        self.pools = dict(zip(BORROWED, (course, language, anywhere), strict=True))
        self.prepared = prepared

    def draw(self, random: np.random.Generator) -> list[tuple[str, int, int]]:
        """(family, question, row) of some answers from each pool."""
        drawn = []
        for family, pool in self.pools.items():
            for place in random.permutation(len(pool))[:OTHER_ANSWERS]:
                drawn.append((family, *pool[place]))
        return drawn


def _episode(
    item: Prepared,
    number: int,
    size: int,
    with_references: bool,
    others: _Others,
    space: Space,
    background: LanguageBackground,
    random: np.random.Generator,
) -> EpisodeTable:
    support = sorted(random.permutation(item.answer_rows)[:size].tolist())
    reader, evidence = evidence_of(item, support, with_references, space, background)
    taken = set(support)
    rows = [row for row in range(len(item.texts)) if row not in taken]
    texts = [item.texts[row] for row in rows]
    facts = [item.facts[row] for row in rows]
    encoded = [item.rows[rows]]
    families = [item.kinds[row] for row in rows]
    sources = [(number, row) for row in rows]
    for family, other, row in others.draw(random):
        source = others.prepared[other]
        texts.append(source.texts[row])
        facts.append(source.facts[row])
        encoded.append(source.rows[row][None])
        families.append(family)
        sources.append((other, row))
    stacked = np.vstack(encoded)
    count = len(texts)
    guards = [reader.rejection(text) or "" for text in texts]
    source_question, source_row = np.array(sources).T
    features, interactions = evidence.inputs(facts, stacked)
    return EpisodeTable(
        features=features,
        interactions=interactions,
        relevant=np.array([is_genuine(family) for family in families]),
        family=np.array(families, dtype=np.str_),
        question=np.full(count, number),
        size=np.full(count, size),
        rejected=np.array([name != "" for name in guards]),
        guard=np.array(guards, dtype=np.str_),
        source_question=source_question,
        source_row=source_row,
    )


def evidence_of(
    item: Prepared, support: Sequence[int], with_references: bool, space: Space, background: LanguageBackground
) -> tuple[QuestionReader, Evidence]:
    """What is known of a question when the graded answers in these rows are its support."""
    question = item.item.question
    graded = [GradedAnswer(item.texts[row].raw, float(item.credit[row])) for row in support]
    reader = QuestionReader(
        question.text,
        question.language,
        question.references if with_references else (),
        question.accepted_languages,
        graded,
    )
    evidence = Evidence(
        space,
        background,
        reader.clean_question,
        item.question_row,
        reader.references,
        item.reference_rows if with_references else item.reference_rows[:0],
        [item.facts[row] for row in support],
        item.rows[list(support)],
        item.credit[list(support)],
    )
    return reader, evidence


def text_of_source(item: GateQuestion, row: int) -> tuple[str, float | None]:
    """The text behind `source_row` of a question, as handed in, and its grade (None when nobody graded it)."""
    answers = item.question.answers
    if row < len(answers):
        return answers[row].text, answers[row].grade
    row -= len(answers)
    if row < len(item.benign):
        return item.benign[row].text, item.benign[row].grade
    return item.negatives[row - len(item.benign)].text, None


def is_genuine(family: str) -> bool:
    """Whether rows of this family must pass."""
    return family == GENUINE or family.startswith("benign")
