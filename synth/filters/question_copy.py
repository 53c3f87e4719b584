"""Relevant answers that only repeat the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from synth.examples import RELEVANT_KINDS
from synth.filters.base import Candidate, FilterContext
from synth.text import folded_words, longest_common_run


class QuestionCopyFilter:
    """A relevant answer has words beside those it copies from the question in one run.

    Dropped when at most `own` of its words lie outside the longest run of the question's words and that run has at
    least `run` words: an answer that begins by repeating the question and then answers it stays.
    """

    name: ClassVar[str] = "question_copy"
    summary: ClassVar[str] = "a relevant answer that only repeats the question"

    def __init__(self, own: int = 1, run: int = 4) -> None:
        self._own = own
        self._run = run

    def drops(self, candidates: Sequence[Candidate], context: FilterContext) -> Mapping[int, str]:
        """See `Filter`."""
        question = folded_words(context.question)
        found = {}
        for place, candidate in enumerate(candidates):
            if candidate.kind not in RELEVANT_KINDS:
                continue
            answer = folded_words(candidate.text)
            _, _, length = longest_common_run(question, answer)
            if length >= self._run and len(answer) - length <= self._own:
                found[place] = f"{length} of {len(answer)} words are a run of the question"
        return found
