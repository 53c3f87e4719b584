"""One adversarial run as a user asks for it: files and names in, a result out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from eval.results import SuiteResult
from eval.suite import Progress, SuiteSettings, run_suite
from eval.targets import FullGraderTarget
from grader.full import open_full_grader
from relevance.artifact import BUNDLED, gate_hash
from synth.attacks import choose_families
from synth.bank import bank_languages, load_bank
from synth.graded import GradedQuestion, read_graded_files

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
) -> SuiteResult:
    """Attack the full grader on graded files, or on the bank when there are none.

    Args:
        gate: an artifact's folder, "bundled" or "none".
        families: "all" or names separated by commas.
        languages: only questions in these languages.

    Raises:
        DataFileError: a file cannot be used.
        UnknownFamilyError: a name is not a family.
        ArtifactError: the gate is not usable.
    """
    chosen = choose_families(families)
    questions = read_graded_files(files) if files else bank_questions()
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
    settings = SuiteSettings(tuple(chosen), per_question, support, seed)
    return run_suite(FullGraderTarget(full, name), questions, settings, lending_pool(questions), described, progress)


def bank_questions() -> list[GradedQuestion]:
    """The bank's questions with enough graded answers for a support and a test."""
    return [question for question in load_bank().graded_questions() if len(question.answers) >= DEEP_ANSWERS]


def lending_pool(questions: Sequence[GradedQuestion]) -> list[GradedQuestion]:
    """The bank's questions in the languages attacked: other-subject answers for files that hold one subject only."""
    wanted = {question.language.split("-")[0] for question in questions} & set(bank_languages())
    return load_bank(sorted(wanted)).graded_questions() if wanted else []


def _file_hash(path: str | os.PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
