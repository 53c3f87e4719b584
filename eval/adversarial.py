"""One adversarial run as a user asks for it: files and names in, a result out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from eval.power_report import power_lines
from eval.results import SuiteResult
from eval.run_options import RunOptions
from eval.store import grader_hash
from eval.suite import Progress, SuiteSettings, run_suite
from eval.targets import FullGraderTarget
from grader.full import open_full_grader
from relevance.artifact import BUNDLED, gate_hash
from synth.bank import bank_languages, load_bank
from synth.graded import GradedQuestion

DEEP_ANSWERS = 30
"""From the bank only questions with at least this many graded answers are attacked by default."""


def evaluate_adversarial(
    files: Sequence[str | os.PathLike[str]] = (),
    gate: str | os.PathLike[str] = "bundled",
    families: str = "all",
    per_question: int = 2,
    support: int = 25,
    seed: int = 0,
    encoder: str = "e5",
    threads: int = 2,
    languages: Sequence[str] | None = None,
    progress: Progress | None = None,
    run: RunOptions | None = None,
) -> SuiteResult:
    """Attack the full grader on graded files, or on the bank when there are none.

    Args:
        gate: an artifact's folder, "bundled" or "none".
        families: "all" or names separated by commas.
        languages: only questions in these languages.
        run: repeats, shard, store, named suite, and who is told what the run can show.

    Raises:
        DataFileError: a file cannot be used.
        UnknownFamilyError: a name is not a family.
        ArtifactError: the gate is not usable.
    """
    run = run or RunOptions()
    chosen = run.families(families)
    questions = run.questions(files) if files else bank_questions()
    if languages is not None:
        questions = [question for question in questions if question.language in languages]
    full = open_full_grader(gate, encoder=encoder, threads=threads)
    name = "answergate grader without a gate" if gate == "none" else f"answergate full grader, gate {gate}"
    described: dict[str, object] = {
        "files": [{"name": Path(path).name, "sha256": _file_hash(path)} for path in files] or "bank",
        "gate": os.fspath(gate),
        "gate_hash": None if gate == "none" else gate_hash(BUNDLED if gate == "bundled" else gate),
        "encoder": full.encoder.name,
        "encoder_hash": full.encoder.content_hash,
    }
    questions, per_question = run.reduced(questions, per_question)
    settings = SuiteSettings(tuple(chosen), per_question, support, seed, run.repeats)
    run.announce(power_lines(questions, settings))
    target = FullGraderTarget(full, name)
    store = run.store(name, grader_hash(described))
    return run_suite(
        target,
        questions,
        settings,
        lending_pool(questions),
        {**described, **run.described()},
        progress,
        run.shard,
        store,
    )


def bank_questions() -> list[GradedQuestion]:
    """The bank's questions with enough graded answers for a support and a test."""
    return [question for question in load_bank().graded_questions() if len(question.answers) >= DEEP_ANSWERS]


def lending_pool(questions: Sequence[GradedQuestion]) -> list[GradedQuestion]:
    """The bank's questions in the languages attacked: other-subject answers for files that hold one subject only."""
    wanted = {question.language.split("-")[0] for question in questions} & set(bank_languages())
    return load_bank(sorted(wanted)).graded_questions() if wanted else []


def _file_hash(path: str | os.PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
