"""One adversarial run as a user asks for it: files and names in, a result out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eval.adaptive import AdaptiveSettings, run_adaptive
from eval.own_attacks import read_attacks
from eval.power_report import power_lines
from eval.results import SuiteResult
from eval.run_options import RunOptions
from eval.store import grader_hash
from eval.suite import Progress, SuiteSettings, run_suite
from eval.targets import TargetSettings, open_target
from synth.attacking import bank_sources
from synth.bank import bank_languages, load_bank
from synth.graded import GradedQuestion

DEEP_ANSWERS = 30
"""From the bank only questions with at least this many graded answers are attacked by default."""


def evaluate_adversarial(
    files: Sequence[str | os.PathLike[str]] = (),
    target: TargetSettings | None = None,
    families: str = "all",
    per_question: int = 2,
    support: int = 25,
    seed: int = 0,
    languages: Sequence[str] | None = None,
    attacks: Sequence[str | os.PathLike[str]] = (),
    search: AdaptiveSettings | None = None,
    progress: Progress | None = None,
    search_progress: Progress | None = None,
    run: RunOptions | None = None,
) -> SuiteResult:
    """Attack a target on graded files, or on the bank when there are none.

    Args:
        target: what is attacked; by default our full grader with the bundled gate.
        families: "all" or names separated by commas.
        languages: only questions in these languages.
        attacks: files with attacks of one's own.
        search: adaptive attacks after the families, None for none; told to `search_progress`.
        run: repeats, shard, store, named suite, and who is told what the run can show.

    Raises:
        DataFileError: a file cannot be used.
        UnknownFamilyError: a name is not a family.
        TargetConfigError: the target cannot be used.
        ArtifactError: our gate is not usable.
    """
    run = run or RunOptions()
    chosen = run.families(families)
    questions = run.questions(files) if files else bank_questions()
    own = read_attacks(attacks) if attacks else None
    if own is not None:
        own.check(questions)
    if languages is not None:
        questions = [question for question in questions if question.language in languages]
    questions, per_question = run.reduced(questions, per_question)
    settings = SuiteSettings(tuple(chosen), per_question, support, seed, run.repeats)
    run.announce(power_lines(questions, settings))
    described: dict[str, object] = {
        "files": [{"name": Path(path).name, "sha256": _file_hash(path)} for path in files] or "bank",
        "attack_files": [{"name": Path(path).name, "sha256": _file_hash(path)} for path in attacks],
        **run.described(),
    }
    pool = lending_pool(questions)
    # The bank's own texts and translations belong to its questions wherever they are asked.
    sources = bank_sources(load_bank())
    with open_target(target or TargetSettings()) as (opened, about):
        ours = about["target_kind"] == "answergate"
        store = run.store(opened.name, grader_hash(about) if ours else None)
        told = described | about
        result = run_suite(opened, questions, settings, pool, told, progress, run.shard, store, own, sources)
        if search is not None and result.complete:
            result = replace(result, adaptive=run_adaptive(opened, questions, settings, search, pool, search_progress))
    return result


def bank_questions() -> list[GradedQuestion]:
    """The bank's questions with enough graded answers for a support and a test."""
    return [question for question in load_bank().graded_questions() if len(question.answers) >= DEEP_ANSWERS]


def lending_pool(questions: Sequence[GradedQuestion]) -> list[GradedQuestion]:
    """The bank's questions in the languages attacked: other-subject answers for files that hold one subject only."""
    wanted = {question.language.split("-")[0] for question in questions} & set(bank_languages())
    return load_bank(sorted(wanted)).graded_questions() if wanted else []


def _file_hash(path: str | os.PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
