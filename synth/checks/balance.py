"""Checks of the whole: a model must not tell relevance by the language, the length or the question alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import median

from synth.checks.base import Check, CheckContext, Finding

FEWEST_ROWS = 40
"""Below this nothing is said about shares."""


def _kinds(context: CheckContext) -> Iterator[Finding]:
    """Each kind's share in a language against its share over all."""
    overall = Counter(row.example.kind for row in context.rows)
    by_language: dict[str, Counter[str]] = {}
    for row in context.rows:
        by_language.setdefault(row.example.language, Counter())[row.example.kind] += 1
    total = overall.total()
    for language, counts in sorted(by_language.items()):
        if counts.total() < FEWEST_ROWS:
            continue
        for kind, count in sorted(overall.items()):
            expected, there = count / total, counts[kind] / counts.total()
            if expected >= 0.02 and not expected / context.balance_factor <= there <= expected * context.balance_factor:
                message = f"{kind} is {there:.1%} of {language}, but {expected:.1%} of all rows"
                yield Finding("balance", "warning", "all files", None, message, f"make more or fewer in {language}")


def _lengths(context: CheckContext) -> Iterator[Finding]:
    """Median lengths of relevant and other answers, per language."""
    lengths: dict[tuple[str, bool], list[int]] = {}
    for row in context.rows:
        lengths.setdefault((row.example.language, row.example.relevant), []).append(len(row.example.answer))
    for language in sorted({language for language, _ in lengths}):
        relevant, other = lengths.get((language, True), []), lengths.get((language, False), [])
        if min(len(relevant), len(other)) < FEWEST_ROWS:
            continue
        longer, shorter = median(relevant), median(other)
        if max(longer, shorter) > context.balance_factor * max(1, min(longer, shorter)):
            message = f"{language}: relevant answers have {longer:g} characters, the others {shorter:g} (medians)"
            yield Finding("lengths", "warning", "all files", None, message, "length alone would tell them apart")


BALANCE_CHECKS = (
    Check("balance", "a kind much rarer or more frequent in one language", _kinds),
    Check("lengths", "relevance that shows in the length", _lengths),
)
