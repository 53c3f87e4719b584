"""From an answer as handed in to what guards and model judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from relevance.clean import clean_text, main_script, without_quoted_question, without_repetition
from relevance.guards import GuardInput, first_rejection
from relevance.guards.script import scripts_of
from synth.graded import GradedAnswer
from synth.text import folded_words, longest_common_run, script_counts

MIN_GRADED_TO_TELL = 8
"""From this many graded answers on, that none of them is a piece of the question means that a piece earns nothing."""


@dataclass(frozen=True)
class PreparedAnswer:
    """`text` is the cleaned answer. `own_text` is what model and grader read: said once, without a quoted question."""

    raw: str
    text: str
    own_text: str


@dataclass(frozen=True)
class QuestionReader:
    """Cleans and guards the answers to one question, given what is known of it."""

    question: str
    language: str
    references: Sequence[str] = ()
    accepted_languages: Sequence[str] = ()
    graded: Sequence[GradedAnswer] = ()

    def prepare(self, raw: str) -> PreparedAnswer:
        """Clean one answer."""
        text = clean_text(raw, self._script)
        return PreparedAnswer(raw, text, without_quoted_question(without_repetition(text), self.clean_question))

    def rejection(self, answer: PreparedAnswer) -> str | None:
        """Name of the guard that turns the answer away, or None. Texts that earned a grade above 0 always pass."""
        if self.is_credited(answer):
            return None
        return first_rejection(
            GuardInput(
                raw=answer.raw,
                text=answer.text,
                own_text=answer.own_text,
                question=self.clean_question,
                language=self.language,
                known_scripts=self._known_scripts,
                graded_words=self._credited_words,
                graded_spans=self._graded_spans,
            )
        )

    def is_credited(self, answer: PreparedAnswer) -> bool:
        """Whether the very same text is a reference or has earned a grade above 0."""
        return bool(answer.text) and tuple(folded_words(answer.text)) in self._credited_texts

    @cached_property
    def clean_question(self) -> str:
        """The cleaned question."""
        return clean_text(self.question)

    @cached_property
    def _script(self) -> str | None:
        return main_script(" ".join([self.question, *self.references]))

    @cached_property
    def _credited(self) -> list[str]:
        return [*self.references, *(answer.text for answer in self.graded if answer.grade > 0)]

    @cached_property
    def _credited_texts(self) -> frozenset[tuple[str, ...]]:
        texts = (tuple(folded_words(self.prepare(text).text)) for text in self._credited)
        return frozenset(text for text in texts if text)

    @cached_property
    def _credited_words(self) -> frozenset[str]:
        return frozenset(word for text in self._credited_texts for word in text)

    @cached_property
    def _graded_spans(self) -> bool | None:
        asked = folded_words(self.clean_question)
        if any(longest_common_run(text, asked)[2] == len(text) for text in self._credited_texts):
            return True
        return False if len(self.graded) >= MIN_GRADED_TO_TELL else None

    @cached_property
    def _known_scripts(self) -> frozenset[str]:
        scripts = {script for tag in (self.language, *self.accepted_languages) for script in scripts_of(tag)}
        for text in [self.question, *self._credited]:
            counts = script_counts(text)
            # A formula's single letters do not make their script one that answers are written in.
            scripts |= {script for script, count in counts.items() if count > 0.2 * counts.total()}
        return frozenset(scripts)
