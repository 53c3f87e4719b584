"""The commands `answergate grader fit` and `regrade`: questions in a database, and what a changed grade changes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from encoders import Encoder
    from grader.prior import GraderPrior


def add_fit_command(commands: Any) -> None:
    """Add `fit` to the room's commands."""
    fit = commands.add_parser("fit", help="put graded answers into a database and fit their questions")
    fit.add_argument("support", type=Path, nargs="+", metavar="GRADED", help="graded files")
    fit.add_argument("--answers", type=Path, help="answers nobody has graded: rows with answer, question, language")
    add_store_arguments(fit)
    fit.set_defaults(run=run_fit)


def add_regrade_command(commands: Any) -> None:
    """Add `regrade` to the room's commands."""
    regrade = commands.add_parser("regrade", help="change grades in the database; every answer gets its new grade")
    regrade.add_argument("changes", type=Path, metavar="GRADED", help="graded file with the new grades")
    regrade.add_argument("--out", type=Path, help="write rows here (.jsonl, .jsonl.gz, .parquet, .csv)")
    add_store_arguments(regrade)
    regrade.set_defaults(run=run_regrade)


def add_store_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the commands that work on a database."""
    parser.add_argument("--store", required=True, metavar="DB", help="SQLite file or database URL")
    add_grader_arguments(parser)


def add_grader_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags that choose encoder and prior."""
    parser.add_argument("--encoder", default="e5", help="encoder (default e5)")
    parser.add_argument("--prior", default="bundled", help="a prior's folder, 'bundled' (default) or 'none'")
    parser.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")


def chosen_prior(name: str, encoder: Encoder) -> GraderPrior:
    """The prior that `--prior` names.

    Raises:
        ArtifactError: the folder is not a prior for this encoder.
    """
    from grader.artifact import bundled_prior, load_prior
    from grader.prior import GraderPrior

    if name == "none":
        return GraderPrior()
    return bundled_prior(encoder) if name == "bundled" else load_prior(name, encoder)


def run_fit(arguments: argparse.Namespace) -> int:
    """`answergate grader fit`."""
    from encoders import get_encoder
    from grader.live import LiveQuestion
    from grader.storage import GradeStore
    from synth.answers import read_answers
    from synth.graded import read_graded_files

    questions = read_graded_files(arguments.support)
    default = (questions[0].text, questions[0].language) if len(questions) == 1 else None
    ungraded = read_answers(arguments.answers, default) if arguments.answers else []
    encoder = get_encoder(arguments.encoder, threads=arguments.threads)
    prior = chosen_prior(arguments.prior, encoder)
    store = GradeStore(arguments.store)
    for question in questions:
        store.add_question(question)
        mine = [row.text for row in ungraded if (row.question, row.language) == (question.text, question.language)]
        store.add_answers(question.id, mine)
        live = LiveQuestion(store, question.id, encoder, prior)
        live.save()
        count = len(live.grades)
        print(f"{question.id}  {len(question.answers)} graded, {count} answers in all  {question.text[:60]!r}")
    print(f"{len(questions)} question(s) fitted; everything is in {arguments.store}")
    return 0


def run_regrade(arguments: argparse.Namespace) -> int:
    """`answergate grader regrade`."""
    from encoders import get_encoder
    from grader.live import LiveQuestion
    from grader.storage import GradeStore
    from synth.graded import read_graded_files
    from synth.tables import write_rows

    changes = read_graded_files([arguments.changes])
    encoder = get_encoder(arguments.encoder, threads=arguments.threads)
    prior = chosen_prior(arguments.prior, encoder)
    store = GradeStore(arguments.store, create=False)
    rows: list[dict[str, Any]] = []
    moved = 0
    for question in changes:
        live = LiveQuestion(store, question.id, encoder, prior)
        before = {item.answer_id: item for item in live.grades}
        numbers = {item.text: item.answer_id for item in before.values()}
        for answer in question.answers:
            if answer.text not in numbers:
                raise store_error(arguments.store, answer.text, question.text)
            live.set_grade(numbers[answer.text], answer.grade)
        live.save()
        for item in live.grades:
            was = before[item.answer_id].estimate.grade
            moved += item.estimate.grade != was
            rows.append(
                {
                    "question": live.question.text,
                    "language": live.question.language,
                    "answer": item.text,
                    "teacher_grade": item.teacher_grade,
                    "grade": item.estimate.grade,
                    "grade_before": was,
                    "max_grade": live.question.max_grade,
                    "expected_grade": round(item.estimate.expected_grade, 4),
                    "interval": list(item.estimate.interval),
                }
            )
    if arguments.out:
        write_rows(arguments.out, rows)
        print(f"{len(rows)} answers regraded, {moved} grades moved; rows in {arguments.out}")
    else:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    return 0


def store_error(store: str, answer: str, question: str) -> Exception:
    """The error for a change that concerns no stored answer."""
    from grader.storage import StorageError

    return StorageError(f"{store} has no answer {answer[:60]!r} to {question[:60]!r}; add it with `grader fit`")
