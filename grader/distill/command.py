"""The commands `answergate grader distill` and `distill-grade`."""

from __future__ import annotations

import argparse
import dataclasses
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.llm.command import add_llm_arguments
from grader.row_arguments import add_row_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.rivals.contender import FittedContender, Footprint
    from synth.graded import GradedAnswer, GradedQuestion


def add_distill_commands(commands: Any) -> None:
    """Add the commands to the room's."""
    make = commands.add_parser(
        "distill",
        help="train a small student of a large grader, one per question",
        description="The teacher labels answers that nobody marked, the student learns its probabilities.",
    )
    make.add_argument("files", type=Path, nargs="+", metavar="GRADED", help="graded files")
    make.add_argument("--teacher", default="online", help="online (default), peft, llm or another grader's name")
    make.add_argument("--transfer", type=Path, help="answers nobody marked: rows with answer, question, language")
    make.add_argument("--out", type=Path, required=True, help="folder for the students")
    make.add_argument("--weight", type=float, default=2.0, help="lambda of the soft labels (default 2)")
    make.add_argument("--temperature", type=float, default=2.0)
    make.add_argument("--peft", type=Path, help="the teacher's folder, for --teacher peft")
    make.add_argument("--encoder", default="e5", help="the teacher's encoder (default e5)")
    make.add_argument("--threads", type=int, default=2)
    make.add_argument("--seed", type=int, default=0)
    add_llm_arguments(make)
    make.set_defaults(run=run_distill)

    grade = commands.add_parser("distill-grade", help="grade answers with students")
    add_row_arguments(grade)
    grade.add_argument("--students", type=Path, required=True, help="folder that distill wrote")
    grade.set_defaults(run=run_distill_grade)


def run_distill(arguments: argparse.Namespace) -> int:
    """`answergate grader distill`."""
    from encoders import open_encoder
    from grader.distill.artifact import save_students
    from grader.distill.question import DistilledContender
    from grader.distill.student import StudentSettings
    from grader.evaluate_command import file_hash
    from grader.llm.command import llm_settings
    from grader.llm.grader import LlmGrader
    from grader.peft.artifact import load_scorer
    from grader.rivals.registry import ContenderParts, make_contender
    from synth.graded import read_graded_files
    from synth.local import local_endpoint

    questions = read_graded_files(arguments.files)
    settings = StudentSettings(weight=arguments.weight, temperature=arguments.temperature, seed=arguments.seed)
    with ExitStack() as stack:
        parts = ContenderParts(open_encoder(arguments.encoder, arguments.threads), student=settings)
        if arguments.teacher == "llm":
            url = stack.enter_context(local_endpoint(arguments.local)) if arguments.local else arguments.base_url
            llm = stack.enter_context(LlmGrader(llm_settings(arguments, url), parts.encoder))
            parts = dataclasses.replace(parts, llm=llm)
        if arguments.peft:
            parts = dataclasses.replace(parts, scorer=load_scorer(arguments.peft))
        transfer = _transfer(arguments.transfer, questions)
        contender = DistilledContender(make_contender(arguments.teacher, parts), transfer, settings)
        students = {item.id: (item, contender.fit(item, item.answers)) for item in questions}
    training = {
        "teacher": arguments.teacher,
        "files": ", ".join(f"{path.name} ({file_hash(path)[:12]}…)" for path in arguments.files),
        "unmarked answers": sum(len(texts) for texts in transfer.values()) or "mixtures of the graded ones",
        "seed": arguments.seed,
    }
    save_students(students, settings, arguments.out, training)
    largest = max(item.student.parameters for _, item in students.values())
    size = (arguments.out / "model.safetensors").stat().st_size / len(students) / 1024
    print(f"{len(students)} student(s), at most {largest:,} numbers, {size:.0f} KB each; in {arguments.out}")
    return 0


def run_distill_grade(arguments: argparse.Namespace) -> int:
    """`answergate grader distill-grade`."""
    from grader.rivals.grade_rows import grade_rows, open_gate, print_or_write

    gate = open_gate(arguments.gate, arguments.threads)
    rows = grade_rows(_Loaded(arguments.students), gate, arguments.file, arguments.support)
    print(print_or_write(rows, arguments.out))
    return 0


class _Loaded:
    """Students of a folder as a contender: a question that has none is an error."""

    name, summary = "distilled", "students of a folder"

    def __init__(self, folder: Path) -> None:
        from grader.distill.artifact import load_students
        from grader.rivals.contender import Footprint

        self._folder, self._students = folder, load_students(folder)
        self.footprint: Footprint = Footprint(
            max(item.student.parameters for _, item in self._students.values()),
            (folder / "model.safetensors").stat().st_size,
        )

    def fit(self, question: GradedQuestion, support: Sequence[GradedAnswer]) -> FittedContender:
        from grader.errors import UsageError

        if question.id not in self._students:
            raise UsageError(f"{self._folder}: no student for the question '{question.text[:60]}'; distil one")
        return self._students[question.id][1]


def _transfer(path: Path | None, questions: Sequence[GradedQuestion]) -> dict[str, list[str]]:
    """Question id -> unmarked answers of a file."""
    from synth.answers import read_answers

    if path is None:
        return {}
    ids = {(question.text, question.language): question.id for question in questions}
    only = (questions[0].text, questions[0].language) if len(questions) == 1 else None
    found: dict[str, list[str]] = {}
    for answer in read_answers(path, only):
        key = ids.get((answer.question, answer.language))
        if key is not None:
            found.setdefault(key, []).append(answer.text)
    return found
