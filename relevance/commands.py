"""Commands of this room: `answergate relevance train | tune | score | report`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.counting import counts_on_stderr

if TYPE_CHECKING:
    from encoders import Encoder
    from relevance.corpus import GateQuestion
    from relevance.pipeline import GateTrainingData
    from relevance.training import TrainingConfig


def add_commands(subparsers: Any) -> None:
    """Add the room's commands to the command line."""
    room = subparsers.add_parser("relevance", help="train, tune and use the relevance gate")
    commands = room.add_subparsers(title="commands", metavar="COMMAND", required=True)

    train = commands.add_parser("train", help="train and calibrate a gate")
    _add_data_arguments(train)
    train.add_argument("--config", type=Path, metavar="JSON", help="settings from `tune` (its best.json)")
    train.set_defaults(run=run_train)

    tune = commands.add_parser("tune", help="search the settings with Ray Tune, then train with the best")
    _add_data_arguments(tune)
    tune.add_argument(
        "--search-folder", type=Path, metavar="FOLDER", help="logs, tables and page of the search (default: OUT-search)"
    )
    tune.add_argument("--trials", type=int, default=16, help="configurations to try (default 16)")
    tune.add_argument("--epochs", type=int, default=12, help="epochs of a trial that is not stopped (default 12)")
    tune.add_argument("--concurrent", type=int, default=2, help="trials at one time (default 2)")
    tune.add_argument("--resume", action="store_true", help="continue a search that was stopped")
    tune.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="an existing Ray cluster, for example 'auto'; all its nodes must see the folder of the search",
    )
    tune.set_defaults(run=run_tune)

    score = commands.add_parser("score", help="judge answers: relevance and the reason for a rejection")
    score.add_argument("file", type=Path, help="answers: rows with question, answer, language")
    score.add_argument("--support", type=Path, metavar="GRADED", help="graded answers of the questions (warm)")
    score.add_argument("--gate", default="bundled", help="a gate's folder (default: the bundled gate)")
    score.add_argument(
        "--out", type=Path, help="write rows here (.jsonl, .jsonl.gz, .parquet, .csv) instead of printing"
    )
    score.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    score.set_defaults(run=run_score)

    report = commands.add_parser("report", help="a gate on graded files: curves, languages, false rejections to read")
    report.add_argument("gate", metavar="GATE", help="a gate's folder, or 'bundled'")
    report.add_argument("--questions", type=Path, nargs="+", required=True, metavar="FILE", help="graded files")
    report.add_argument("--html", type=Path, required=True, metavar="F", help="write the page here")
    report.add_argument("--families", default="must_reject", help="attacks, by commas (default: all of must_reject)")
    report.add_argument("--per-question", type=int, default=2, metavar="N", help="attacks per family (default 2)")
    report.add_argument("--support", type=int, default=25, help="graded answers the warm gate knows (default 25)")
    report.add_argument("--seed", type=int, default=0)
    report.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    report.set_defaults(run=run_report)


def _add_data_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder for the gate")
    parser.add_argument(
        "--bank", action="store_true", help="train on the bundled bank (the default without other data)"
    )
    parser.add_argument("--languages", help="languages of the bank, separated by commas (default: all)")
    parser.add_argument("--data", type=Path, nargs="*", default=[], metavar="FILE", help="example files from `synth`")
    parser.add_argument("--graded", type=Path, nargs="*", default=[], metavar="FILE", help="graded files")
    parser.add_argument(
        "--attacks", default="must_reject", help="must_reject families added as negatives, by commas, or 'none'"
    )
    parser.add_argument("--per-family", type=int, default=1, help="attacks per family and question (default 1)")
    parser.add_argument("--encoder", default="e5", help="encoder (default e5)")
    parser.add_argument("--cache", type=Path, help="folder of the embedding store (default: the user's cache)")
    parser.add_argument("--false-rejection", type=float, default=0.01, help="accepted rate (default 0.01)")
    parser.add_argument("--members", type=int, default=4, help="networks whose mean is the gate (default 4)")
    parser.add_argument("--folds", type=int, default=5, help="folds of the cross-fitted calibration (default 5)")
    parser.add_argument("--attribution", default="", help="who is to be named for the data, for the gate's card")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")


def run_train(arguments: argparse.Namespace) -> int:
    """`answergate relevance train`."""
    from relevance.training import TrainingConfig

    settings = json.loads(arguments.config.read_text(encoding="utf-8")) if arguments.config else {}
    config = TrainingConfig(**{**settings, "seed": arguments.seed})
    _train(arguments, config)
    return 0


def run_tune(arguments: argparse.Namespace) -> int:
    """`answergate relevance tune`."""
    from relevance.pipeline import make_training_data
    from relevance.reports.search_page import write_search_page
    from relevance.search import search

    items, encoder = _items(arguments), _encoder(arguments)
    data = make_training_data(items, encoder, arguments.seed, arguments.folds)
    # Not inside the gate's folder: a gate is written whole, in place of what was there.
    folder = arguments.search_folder or arguments.out.with_name(f"{arguments.out.name}-search")
    result = search(
        data,
        folder,
        trials=arguments.trials,
        epochs=arguments.epochs,
        seed=arguments.seed,
        resume=arguments.resume,
        ray_address=arguments.ray_address,
        concurrent=arguments.concurrent,
        quiet=False,
    )
    result.write(folder / "trials.json")
    result.write(folder / "trials.csv")
    write_search_page(folder / "report.html", result)
    (folder / "best.json").write_text(json.dumps(result.best.as_dict(), indent=2) + "\n", encoding="utf-8")
    for trial in result.trials[:5]:
        print(f"objective {trial.objective:.4f} after {trial.epochs} epochs: {trial.config.as_dict()}")
    print(f"{len(result.trials)} trials: {folder / 'report.html'}, trials.json, trials.csv and best.json beside it")
    print(f"TensorBoard: tensorboard --logdir {result.folder}")
    _train(arguments, result.best, (items, encoder, data))
    return 0


def run_score(arguments: argparse.Namespace) -> int:
    """`answergate relevance score`."""
    from relevance.artifact import load_gate
    from relevance.scoring import score_file
    from synth.tables import write_rows

    gate = load_gate(None if arguments.gate == "bundled" else arguments.gate, threads=arguments.threads)
    rows = score_file(gate, arguments.file, arguments.support)
    if arguments.out:
        write_rows(arguments.out, rows)
        print(f"{len(rows)} rows in {arguments.out}")
    else:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    return 0


def run_report(arguments: argparse.Namespace) -> int:
    """`answergate relevance report`."""
    from relevance.artifact import load_gate
    from relevance.reports.gate_page import views_of, write_gate_page
    from relevance.reports.terminal import summary_lines
    from relevance.scored import from_questions
    from synth.attacks import choose_families
    from synth.bank import bank_languages, load_bank
    from synth.graded import read_graded_files

    families = [family for family in choose_families(arguments.families) if family.tier == "must_reject"]
    questions = read_graded_files(arguments.questions)
    spoken = sorted({question.language.split("-")[0] for question in questions} & set(bank_languages()))
    gate = load_gate(None if arguments.gate == "bundled" else arguments.gate, threads=arguments.threads)
    scored = from_questions(
        gate,
        questions,
        families,
        arguments.support,
        arguments.per_question,
        arguments.seed,
        # Files of one subject have no other subject's answers to borrow.
        pool=load_bank(spoken).graded_questions() if spoken else [],
        progress=counts_on_stderr("questions {done}/{total}"),
    )
    views = views_of(scored)
    files = ", ".join(path.name for path in arguments.questions)
    subtitle = (
        f"{files}: {len(questions)} questions, {len(families)} families of attacks, seed {arguments.seed}; "
        f"encoder {gate.encoder.name}."
    )
    write_gate_page(arguments.html, views, f"Relevance gate {Path(arguments.gate).name}", subtitle)
    print("\n".join(summary_lines(views)))
    print(f"written: {arguments.html}")
    return 0


def _items(arguments: argparse.Namespace) -> list[GateQuestion]:
    from relevance.corpus import from_bank, from_examples, from_graded, with_attacks
    from synth.attacks import choose_families
    from synth.bank import load_bank
    from synth.files import read_examples
    from synth.graded import read_graded_files

    items = []
    if arguments.bank or not (arguments.data or arguments.graded):
        items += from_bank(load_bank(arguments.languages.split(",") if arguments.languages else None))
    for path in arguments.data:
        items += from_examples(read_examples(path), path.name)
    for path in arguments.graded:
        items += from_graded(read_graded_files([path]), path.name)
    families = [] if arguments.attacks == "none" else choose_families(arguments.attacks)
    return with_attacks(items, families, arguments.per_family, arguments.seed)


def _encoder(arguments: argparse.Namespace) -> Encoder:
    from encoders import open_encoder

    return open_encoder(arguments.encoder, arguments.threads, arguments.cache)


def _train(
    arguments: argparse.Namespace,
    config: TrainingConfig,
    ready: tuple[Sequence[GateQuestion], Encoder, GateTrainingData] | None = None,
) -> None:
    from relevance.build import build_gate

    items, encoder, data = ready or (_items(arguments), _encoder(arguments), None)
    built = build_gate(
        items,
        encoder,
        arguments.out,
        config,
        false_rejection=arguments.false_rejection,
        members=arguments.members,
        seed=arguments.seed,
        folds=arguments.folds,
        progress=counts_on_stderr("networks {done}/{total}"),
        data=data,
        attribution=arguments.attribution,
    )
    print(f"rejection objective {built.objective:.4f}, expected calibration error {built.calibration_error:.4f}")
    for regime, threshold in built.parts.calibration.thresholds.items():
        genuine = built.parts.calibration.genuine[regime]
        print(f"  {regime:>4}: turned away below P(relevant) = {threshold:.4f} (set on {genuine} genuine rows)")
    print(f"gate in {arguments.out}; its card and page: {arguments.out / 'card.md'}, {arguments.out / 'report.html'}")
