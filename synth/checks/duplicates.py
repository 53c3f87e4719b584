"""Checks for answers that stand twice, exactly or nearly."""

from __future__ import annotations

from collections.abc import Iterator

from synth.checks.base import Check, CheckContext, Finding, LocatedRow, Severity
from synth.dedup.pairs import NearDuplicates
from synth.examples import RELEVANT_KINDS
from synth.text import fold


def _exact(context: CheckContext) -> Iterator[Finding]:
    for rows in context.by_question.values():
        seen: dict[str, LocatedRow] = {}
        for row in rows:
            key = " ".join(fold(row.example.answer).split())
            earlier = seen.setdefault(key, row)
            if earlier is row:
                continue
            place = f"{earlier.file}, row {earlier.row}"
            if earlier.example.relevant != row.example.relevant:
                message = f"the same answer is {row.example.kind} here and {earlier.example.kind} in {place}"
                yield Finding("contradictions", "error", row.file, row.row, message, "decide which it is")
            else:
                message = f"the same answer to the same question as {place}: {row.example.answer[:60]}"
                yield Finding("duplicates", "error", row.file, row.row, message, "remove one of them")


def _near(context: CheckContext) -> Iterator[Finding]:
    found: list[tuple[LocatedRow, str, float]] = []
    for rows in context.by_question.values():
        near = NearDuplicates(context.near_duplicate_similarity)
        seen: set[str] = set()
        for row in rows:
            folded = " ".join(fold(row.example.answer).split())
            if folded in seen or row.example.kind not in (*RELEVANT_KINDS, "irrelevant"):
                continue
            seen.add(folded)
            twin = near.find_or_add(row.example.answer, f"{row.file}, row {row.row}")
            if twin is not None:
                found.append((row, *twin))
    share = len(found) / max(1, len(context.rows))
    severity: Severity = "error" if share > context.near_duplicate_share else "warning"
    for row, twin_place, similarity in found:
        message = f"similarity {similarity:.2f} with {twin_place}: {row.example.answer[:60]}"
        remedy = (
            f"remove one of them ({share:.1%} of all rows; more than {context.near_duplicate_share:.0%} is an error)"
        )
        yield Finding("near_duplicates", severity, row.file, row.row, message, remedy)


DUPLICATE_CHECKS = (
    Check("duplicates", "the same answer to the same question twice, or as two kinds", _exact),
    Check("near_duplicates", "almost the same answer to the same question", _near),
)
