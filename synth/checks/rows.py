"""Checks of single rows: grades, script, labels and assistant talk inside answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from synth.checks.base import Check, CheckContext, Finding, LocatedRow, Severity
from synth.examples import RELEVANT_KINDS
from synth.filters.assistant_talk import AssistantTalkFilter
from synth.filters.base import Candidate, Filter, FilterContext
from synth.filters.label_leakage import LabelLeakageFilter
from synth.filters.language import LanguageFilter
from synth.filters.script import ScriptFilter

MODEL_WRITTEN = "llm"
EARNED_LITTLE = 0.25
"""An incorrect answer earns at most this share of the marks."""


def _grades(context: CheckContext) -> Iterator[Finding]:
    for row in context.rows:
        example = row.example
        if example.grade is None or example.max_grade is None:
            continue
        share = example.grade / example.max_grade
        wrong = ""
        if example.kind == "correct" and share < 1:
            wrong = "correct, but below the max grade"
        elif example.kind == "incomplete" and not 0 < share < 1:
            wrong = "incomplete, but not between 0 and the max grade"
        elif example.kind == "incorrect" and share > EARNED_LITTLE:
            wrong = f"incorrect, but above {EARNED_LITTLE:.0%} of the marks"
        elif example.kind == "irrelevant" and share > 0:
            wrong = "irrelevant, but above 0"
        if wrong:
            message = f"grade {example.grade:g} of {example.max_grade:g} is {wrong}"
            yield Finding("grades", "error", row.file, row.row, message, "correct the grade or the kind")


def _max_grades(context: CheckContext) -> Iterator[Finding]:
    for rows in context.by_question.values():
        first = next((row for row in rows if row.example.max_grade is not None), None)
        for row in rows:
            if first and row.example.max_grade not in (None, first.example.max_grade):
                message = (
                    f"max_grade {row.example.max_grade:g}, but {first.example.max_grade:g} for the same question in "
                    f"{first.file}, row {first.row}"
                )
                yield Finding("max_grades", "error", row.file, row.row, message, "use one max_grade per question")


def _empty(context: CheckContext) -> Iterator[Finding]:
    for row in context.rows:
        if row.example.kind in RELEVANT_KINDS and not any(char.isalnum() for char in row.example.answer):
            # A sign alone can be the answer to a question about signs; a grade above 0 says that it is.
            if row.example.grade:
                continue
            yield Finding(
                "empty", "warning", row.file, row.row, "a relevant answer without letters or digits", "remove the row"
            )


def _by_filter(rule: Filter, remedy: str) -> Callable[[CheckContext], Iterator[Finding]]:
    """A filter of the generator as a check of a finished file."""

    def findings(context: CheckContext) -> Iterator[Finding]:
        for rows in context.by_question.values():
            own = [row for row in rows if row.example.kind in (*RELEVANT_KINDS, "irrelevant")]
            candidates = [_candidate(row) for row in own]
            question = rows[0].example
            for place, reason in rule.drops(candidates, FilterContext(question.question, question.language)).items():
                row = own[place]
                message = f"{reason}: {row.example.answer[:80]}"
                # What a person wrote or graded may be right as it is; what a model wrote was to be clean.
                severity: Severity = "error" if row.example.provenance.generator == MODEL_WRITTEN else "warning"
                yield Finding(rule.name, severity, row.file, row.row, message, remedy)

    return findings


def _candidate(row: LocatedRow) -> Candidate:
    return Candidate(row.example.answer, row.example.kind, row.example.language)


ROW_CHECKS = (
    Check("grades", "a grade contradicts the kind", _grades),
    Check("max_grades", "one question with two max grades", _max_grades),
    Check("empty", "relevant answers without letters or digits", _empty),
    Check("script", ScriptFilter.summary, _by_filter(ScriptFilter(), "correct the language or remove the row")),
    Check("language", LanguageFilter.summary, _by_filter(LanguageFilter(), "correct the language or remove the row")),
    Check(
        "label_leakage", LabelLeakageFilter.summary, _by_filter(LabelLeakageFilter(), "take the label out of the text")
    ),
    Check("assistant_talk", AssistantTalkFilter.summary, _by_filter(AssistantTalkFilter(), "remove the row")),
)
