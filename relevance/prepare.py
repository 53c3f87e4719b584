"""From an answer as handed in to what guards and model judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from relevance.clean import clean_text, main_script, without_quoted_question, without_repetition
from relevance.guards import GuardInput, first_rejection
from relevance.guards.blank import MASTER_KEYS
from relevance.guards.script import scripts_of
from synth.graded import GradedAnswer
from synth.text import folded_words, longest_common_run, script_counts

MIN_GRADED_TO_TELL = 8
"""From this many graded answers on, that none of them is a piece of the question means that a piece earns nothing."""


@dataclass(frozen=True)
class PreparedAnswer:
    """`text` is the cleaned answer. `own_text` is what model and grader read: said once, without a quoted question.

    `identity` is the same for texts with the same words.
    """

    raw: str
    text: str
    own_text: str
    identity: str


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
        own_text = without_quoted_question(without_repetition(text), self.clean_question)
        return PreparedAnswer(raw, text, own_text, " ".join(folded_words(text)))

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
                graded_headings=self._graded_headings,
                graded_spans=self._graded_spans,
            )
        )

    def regraded(self, graded: Sequence[GradedAnswer]) -> QuestionReader:
        """For the same graded answers with other grades; what does not depend on grades is shared."""
        other = replace(self, graded=graded)
        other.__dict__["_known"] = self._known
        return other

    def differs_from(self, other: QuestionReader, answers: Sequence[PreparedAnswer]) -> list[int]:
        """Places of the answers of which this reader of the same question may not say what the other one said."""
        if (self._graded_spans, self._known_scripts) != (other._graded_spans, other._known_scripts):
            return list(range(len(answers)))
        # A heading that a graded answer holds counts for an answer that is this heading and nothing else.
        changed = (self._credited_texts ^ other._credited_texts) | (self._graded_headings ^ other._graded_headings)
        return [place for place, answer in enumerate(answers) if answer.identity in changed]

    def is_credited(self, answer: PreparedAnswer) -> bool:
        """Whether the very same text is a reference or has earned a grade above 0."""
        return bool(answer.identity) and answer.identity in self._credited_texts

    @cached_property
    def clean_question(self) -> str:
        """The cleaned question."""
        return clean_text(self.question)

    @cached_property
    def _script(self) -> str | None:
        return main_script(" ".join([self.question, *self.references]))

    @cached_property
    def _known(self) -> dict[str, tuple[PreparedAnswer, Counter[str]]]:
        """Every reference and graded answer, prepared, with its letters by script."""
        texts = [*self.references, *(answer.text for answer in self.graded)]
        return {text: (self.prepare(text), script_counts(text)) for text in texts}

    @cached_property
    def _credited(self) -> list[str]:
        return [*self.references, *(answer.text for answer in self.graded if answer.grade > 0)]

    @cached_property
    def _credited_texts(self) -> frozenset[str]:
        return frozenset(self._known[text][0].identity for text in self._credited) - {""}

    @cached_property
    def _graded_headings(self) -> frozenset[str]:
        return MASTER_KEYS.intersection(word for text in self._credited_texts for word in text.split())

    @cached_property
    def _graded_spans(self) -> bool | None:
        asked = folded_words(self.clean_question)
        for text in self._credited_texts:
            words = text.split()
            if longest_common_run(words, asked)[2] == len(words):
                return True
        return False if len(self.graded) >= MIN_GRADED_TO_TELL else None

    @cached_property
    def _known_scripts(self) -> frozenset[str]:
        scripts = {script for tag in (self.language, *self.accepted_languages) for script in scripts_of(tag)}
        for counts in [script_counts(self.question), *(self._known[text][1] for text in self._credited)]:
            # A formula's single letters do not make their script one that answers are written in.
            scripts |= {script for script, count in counts.items() if count > 0.2 * counts.total()}
        return frozenset(scripts)
