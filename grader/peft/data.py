"""Rows a scorer reads: question, reference and answer as tokens, the grade as a share of the highest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synth.graded import GradedAnswer, GradedQuestion

QUESTION_SHARE, REFERENCE_SHARE = 0.2, 0.3
"""Shares of the tokens that question and reference may take; the answer has the rest and what they leave."""
SPECIAL_TOKENS = 4


@dataclass(frozen=True)
class ScoringRow:
    """One answer with its question. `share` is grade / max grade, None where nobody has graded it."""

    question: str
    reference: str
    answer: str
    share: float | None = None
    key: str = ""
    """The question's id."""


def rows_of(question: GradedQuestion, answers: Sequence[GradedAnswer] | None = None) -> list[ScoringRow]:
    """Rows of graded answers, by default all that the question brings."""
    chosen = question.answers if answers is None else answers
    return [_row(question, answer.text, answer.grade / question.max_grade) for answer in chosen]


def ungraded_rows(question: GradedQuestion, texts: Iterable[str]) -> list[ScoringRow]:
    """Rows of answers to be graded."""
    return [_row(question, text, None) for text in texts]


def _row(question: GradedQuestion, text: str, share: float | None) -> ScoringRow:
    reference = question.references[0] if question.references else ""
    return ScoringRow(question.text, reference, text, share, question.id)


def hold_out_answers(
    questions: Sequence[GradedQuestion], share: float, seed: int
) -> tuple[list[ScoringRow], list[ScoringRow]]:
    """(training, held out): a random share of every question's answers is held out."""
    kept: list[ScoringRow] = []
    held: list[ScoringRow] = []
    generator = np.random.default_rng(seed)
    for question in questions:
        rows = rows_of(question)
        out = set(generator.permutation(len(rows))[: round(share * len(rows))].tolist())
        for number, row in enumerate(rows):
            (held if number in out else kept).append(row)
    return kept, held


def hold_out_questions(
    questions: Sequence[GradedQuestion], share: float, seed: int
) -> tuple[list[ScoringRow], list[ScoringRow]]:
    """(training, held out): whole questions are held out, at least one."""
    count = max(1, round(share * len(questions)))
    out = set(np.random.default_rng(seed).permutation(len(questions))[:count].tolist())
    kept = [row for number, item in enumerate(questions) if number not in out for row in rows_of(item)]
    held = [row for number, item in enumerate(questions) if number in out for row in rows_of(item)]
    return kept, held


class RowReader:
    """Rows to token ids.

    Args:
        tokenizer: a fast tokenizer of transformers.
        max_length: tokens at most.
        decoder: a decoder reads one text with headings, an encoder a pair (question and reference, answer).
    """

    def __init__(self, tokenizer: Any, max_length: int, decoder: bool) -> None:
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.decoder = decoder
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        headings = self._count("Question: \nReference: \nAnswer: \nGrade:") if decoder else 0
        self._room = max_length - SPECIAL_TOKENS - headings

    def ids(self, row: ScoringRow) -> dict[str, list[int]]:
        """Token ids of one row, without padding."""
        room = self._room
        question = self._cut(row.question, round(room * QUESTION_SHARE))
        reference = self._cut(row.reference, round(room * REFERENCE_SHARE))
        left = room - self._count(question) - self._count(reference)
        answer = self._cut(row.answer, left)
        if self.decoder:
            middle = f"\nReference: {reference}" if reference else ""
            encoded = self.tokenizer(
                f"Question: {question}{middle}\nAnswer: {answer}\nGrade:", truncation=True, max_length=self.max_length
            )
        else:
            encoded = self.tokenizer(
                f"{question} {reference}".strip(), answer, truncation=True, max_length=self.max_length
            )
        return {name: list(values) for name, values in encoded.items()}

    def batch(self, rows: Sequence[dict[str, list[int]]]) -> Any:
        """Padded tensors of some rows."""
        return self.tokenizer.pad({name: [row[name] for row in rows] for name in rows[0]}, return_tensors="pt")

    def _count(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]) if text else 0

    def _cut(self, text: str, tokens: int) -> str:
        return cut_text(self.tokenizer, clean_text(text), tokens)


def clean_text(text: str) -> str:
    """The text with lone surrogates, which no tokenizer takes, replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def cut_text(tokenizer: Any, text: str, tokens: int) -> str:
    """The text's beginning, `tokens` tokens long at most."""
    if not text:
        return text
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    places = encoded["offset_mapping"]
    return text[: places[tokens - 1][1]] if len(places) > tokens > 0 else text
