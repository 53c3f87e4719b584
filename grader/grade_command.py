"""The command `answergate grader grade`: answers of a file, graded from graded examples."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_grade_command(commands: Any) -> None:
    """Add `grade` to the room's commands."""
    grade = commands.add_parser("grade", help="grade answers from graded examples")
    grade.add_argument("file", type=Path, help="answers: rows with answer (and question, language unless there is one)")
    grade.add_argument("--support", type=Path, required=True, metavar="GRADED", help="graded file with the examples")
    grade.add_argument("--gate", default="bundled", help="a gate's folder, 'bundled' (default) or 'none'")
    grade.add_argument("--encoder", default="e5", help="encoder when there is no gate (default e5)")
    grade.add_argument(
        "--out", type=Path, help="write rows here (.jsonl, .jsonl.gz, .parquet, .csv) instead of printing"
    )
    grade.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    grade.set_defaults(run=run_grade)


def run_grade(arguments: argparse.Namespace) -> int:
    """`answergate grader grade`."""
    from grader.full import open_full_grader
    from grader.grade_file import grade_file
    from synth.tables import write_rows

    full = open_full_grader(arguments.gate, encoder=arguments.encoder, threads=arguments.threads)
    rows = grade_file(full, arguments.file, arguments.support)
    if arguments.out:
        write_rows(arguments.out, rows)
        rejected = sum(row["reason"] is not None for row in rows)
        print(f"{len(rows)} answers graded, {rejected} of them turned away; rows in {arguments.out}")
    else:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    return 0
