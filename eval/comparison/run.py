"""The comparison itself: the same supports, held-out answers and attacks for every grader."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.comparison.grading import ContenderRecord, GateRecord, RecordTarget
from eval.comparison.measures import Judged, overall, quality
from eval.comparison.results import Attacked, Comparison, Row, Speed
from eval.comparison.timing import measure_speed
from eval.results import Rate, SuiteResult
from eval.suite import Divided, SuiteSettings, divide, run_suite
from grader.errors import UsageError
from grader.evaluation import FEWEST_ANSWERS
from grader.levels import GradeScale
from grader.llm.grader import LlmGrader
from grader.rivals.contender import Contender
from relevance.gate import Gate
from synth.graded import GradedQuestion

Report = Callable[[str], None]


@dataclass(frozen=True)
class Entrant:
    """A grader twice: with an encoder that remembers vectors, for quality and attacks, and with one that does not, for
    its speed. `llm` is the language model behind it, if any."""

    contender: Contender
    timed: Contender
    llm: LlmGrader | None = None


def chosen_questions(
    sources: Mapping[str, Sequence[GradedQuestion]], per_set: int | None, seed: int
) -> dict[str, list[GradedQuestion]]:
    """Questions with enough graded answers of every data set, at most `per_set` of each, chosen by the seed.

    Raises:
        UsageError: a data set has none.
    """
    found = {}
    for name, questions in sources.items():
        usable = [item for item in questions if _can_judge(item)]
        if not usable:
            raise UsageError(f"{name}: no question has {FEWEST_ANSWERS} graded answers with different grades")
        order = np.random.default_rng(seed).permutation(len(usable))
        found[name] = [usable[row] for row in sorted(order[: per_set or len(usable)])]
    return found


def compare(
    entrants: Sequence[Entrant],
    sources: Mapping[str, Sequence[GradedQuestion]],
    gate: Gate,
    settings: SuiteSettings,
    pool: Sequence[GradedQuestion] = (),
    described: Mapping[str, object] | None = None,
    report: Report | None = None,
    earlier: Comparison | None = None,
    keep: Callable[[Comparison], None] | None = None,
) -> Comparison:
    """Compare graders on the questions of some data sets.

    Args:
        sources: data set -> questions, as `chosen_questions` gives them.
        settings: attack families, attacks per family and question, graded answers per question, seed.
        pool: further questions whose answers attackers may borrow.
        report: told what is being done.
        earlier: what a run that was stopped had found; its graders stand before the new ones.
        keep: given the comparison after every grader, so that a run can be stopped at any moment.

    Raises:
        UsageError: the earlier run had other settings.
    """
    say = report or (lambda line: None)
    questions = [question for items in sources.values() for question in items]
    divided = {item.id: divide(item, settings.support, settings.seed) for item in questions}
    gates = GateRecord(gate)
    shown = _shown(settings, sources, described or {})
    rows = _known(earlier, shown)
    for number, entrant in enumerate(entrants, 1):
        name = entrant.contender.name
        say(f"{number}/{len(entrants)} {name}: speed")
        # Questions of every data set in turn; one twice would be answered from the language model's log.
        spread = dict.fromkeys(
            [items[0].id for items in sources.values()] + [items[-1].id for items in sources.values()]
        )
        speed = measure_speed(entrant.timed, [divided[key] for key in spread], entrant.llm)
        say(f"{number}/{len(entrants)} {name}: quality and {len(settings.families)} families of attacks")
        record = ContenderRecord(entrant.contender)
        plain = run_suite(RecordTarget(record, None), questions, settings, pool)
        gated = run_suite(RecordTarget(record, gates), questions, settings, pool)
        judged = {
            source: [_judged(divided[q.id], source, record, gates) for q in items] for source, items in sources.items()
        }
        rows.append(_row(entrant.contender, judged, plain, gated, speed))
        if keep is not None:
            keep(Comparison(shown, tuple(rows)))
    return Comparison(shown, tuple(rows))


def _shown(
    settings: SuiteSettings, sources: Mapping[str, Sequence[GradedQuestion]], described: Mapping[str, object]
) -> dict[str, object]:
    return {
        "support": settings.support,
        "seed": settings.seed,
        "families": len(settings.families),
        "attacks_per_family": settings.per_question,
        "questions": {source: len(items) for source, items in sources.items()},
        **described,
    }


def _known(earlier: Comparison | None, shown: Mapping[str, object]) -> list[Row]:
    """The earlier rows, where they were measured with the same settings."""
    if earlier is None:
        return []
    # What JSON made of tuples must not look like another setting.
    if json.loads(json.dumps(dict(earlier.settings))) != json.loads(json.dumps(shown)):
        raise UsageError("the file named with --json holds a comparison with other settings; name another file")
    return list(earlier.rows)


def _can_judge(question: GradedQuestion) -> bool:
    """Kappa of one constant grade says nothing."""
    return len(question.answers) >= FEWEST_ANSWERS and len({answer.grade for answer in question.answers}) > 1


def _judged(divided: Divided, source: str, record: ContenderRecord, gates: GateRecord) -> Judged:
    question, support = divided.question, divided.support
    texts = [answer.text for answer in divided.held_out]
    grades = record.grades(question, support, texts)
    verdicts = gates.verdicts(question, support, texts)
    given = np.array([grade.grade for grade in grades])
    away = np.array([verdict.rejected for verdict in verdicts])
    scale: GradeScale = record.fitted[question.id].scale
    rows = [grade.probabilities for grade in grades]
    known = [row for row in rows if row is not None]
    return Judged(
        source,
        scale,
        np.array([answer.grade for answer in divided.held_out]),
        given,
        np.where(away, 0.0, given),
        np.array(known) if len(known) == len(rows) else None,
    )


def _row(
    contender: Contender, judged: Mapping[str, Sequence[Judged]], plain: SuiteResult, gated: SuiteResult, speed: Speed
) -> Row:
    by_source = {source: quality(items) for source, items in judged.items()}
    return Row(
        name=contender.name,
        summary=contender.summary,
        quality=overall(list(by_source.values())),
        by_source=by_source,
        plain=_attacked(plain),
        gated=_attacked(gated),
        speed=speed,
        parameters=contender.footprint.parameters,
        bytes=contender.footprint.bytes,
    )


def _attacked(result: SuiteResult) -> Attacked:
    families: dict[str, Rate] = {}
    for family in result.families:
        if family.tier == "must_reject":
            known = families.get(family.name, Rate(0, 0))
            families[family.name] = Rate(known.events + family.leaks.events, known.attempts + family.leaks.attempts)
    return Attacked(result.must_reject, result.genuine, families)
