"""The commands `answergate grader evaluate` and `meta-train`."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.fit_command import add_grader_arguments, chosen_prior

if TYPE_CHECKING:
    from grader.rivals import Rival


def add_evaluate_command(commands: Any) -> None:
    """Add `evaluate` to the room's commands."""
    evaluate = commands.add_parser("evaluate", help="how well graders grade from a few graded answers")
    evaluate.add_argument("--questions", type=Path, nargs="+", required=True, help="graded files, one data set each")
    evaluate.add_argument("--support", type=int, default=25, help="graded answers per question (default 25)")
    evaluate.add_argument("--seeds", type=int, default=20, help="random supports per question (default 20)")
    evaluate.add_argument("--graders", nargs="+", help="only these rows of the table")
    evaluate.add_argument(
        "--train",
        type=Path,
        nargs="+",
        default=[],
        help="graded files to learn the prior from, never from a file judged",
    )
    evaluate.add_argument("--setfit", type=Path, help="folder of a small sentence encoder to fine-tune (slow)")
    evaluate.add_argument("--json", type=Path, help="write all scores here")
    add_grader_arguments(evaluate)
    evaluate.set_defaults(run=run_evaluate)


def add_meta_train_command(commands: Any) -> None:
    """Add `meta-train` to the room's commands."""
    meta = commands.add_parser("meta-train", help="learn the grader's prior from many graded questions")
    meta.add_argument("--questions", type=Path, nargs="*", default=[], help="graded files, one data set each")
    meta.add_argument("--bank", action="store_true", help="learn from the bank too")
    meta.add_argument("--out", type=Path, required=True, help="folder for the prior")
    meta.add_argument("--steps", type=int, default=150, help="gradient steps (default 150)")
    meta.add_argument("--batch", type=int, default=32, help="questions per step (default 32)")
    meta.add_argument("--attribution", type=Path, help="Markdown on the data's authors and licences, for the card")
    meta.add_argument("--seed", type=int, default=0)
    meta.add_argument("--encoder", default="e5", help="encoder (default e5)")
    meta.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
    meta.set_defaults(run=run_meta_train)


def run_evaluate(arguments: argparse.Namespace) -> int:
    """`answergate grader evaluate`."""
    from encoders import open_encoder
    from grader.evaluation import evaluate
    from grader.evaluation_table import difference_table, quality_table
    from grader.meta.lessons import read_sources, source_name
    from grader.rivals import RIVALS, grader_rival, setfit_rival

    if arguments.support < 1 or arguments.seeds < 1:
        raise _usage("--support and --seeds must be at least 1")
    encoder = open_encoder(arguments.encoder, arguments.threads)
    sources = read_sources(arguments.questions, encoder)
    graders: dict[str, Rival] = dict(RIVALS)
    if arguments.train:
        from grader.meta.lessons import train_without

        learned = train_without(list(sources), read_sources(arguments.train, encoder))
        graders["grader"] = grader_rival(lambda source: learned[source].prior)
    else:
        prior = chosen_prior(arguments.prior, encoder)
        graders["grader"] = grader_rival(lambda source: prior)
        if arguments.prior != "none":
            _warn_of_known_files(arguments.prior, arguments.questions, source_name)
    if arguments.setfit:
        graders["setfit"] = setfit_rival(arguments.setfit)
    unknown = sorted(set(arguments.graders or ()) - set(graders))
    if unknown:
        raise _usage(f"no grader is called {', '.join(unknown)}; there are {', '.join(graders)}")
    chosen = [graders[name] for name in arguments.graders or graders]

    def progress(done: int, total: int) -> None:
        print(f"\r{done}/{total} questions", end="" if done < total else "\n", file=sys.stderr, flush=True)

    questions = [item for items in sources.values() for item in items]
    try:
        result = evaluate(questions, chosen, arguments.support, arguments.seeds, progress)
    except ValueError as error:
        raise _usage(str(error)) from error
    print(f"quadratic weighted kappa, {arguments.support} graded answers, {arguments.seeds} random choices of them")
    print(quality_table(result))
    if "grader" in result.graders and len(result.graders) > 1:
        print(difference_table(result, "grader"))
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=1), encoding="utf-8")
        print(f"all scores in {arguments.json}")
    return 0


def run_meta_train(arguments: argparse.Namespace) -> int:
    """`answergate grader meta-train`."""
    from encoders import open_encoder
    from grader.artifact import PriorArtifact, save_prior
    from grader.meta import MetaConfig, meta_train
    from grader.meta.card import prior_card
    from grader.meta.lessons import lessons, read_bank, read_sources

    if not arguments.questions and not arguments.bank:
        raise _usage("nothing to learn from; give --questions FILE… or --bank")
    encoder = open_encoder(arguments.encoder, arguments.threads)
    sources = read_sources(arguments.questions, encoder)
    items = [item for questions in sources.values() for item in questions]
    if arguments.bank:
        items += read_bank(encoder)
    config = MetaConfig(steps=arguments.steps, batch=arguments.batch, seed=arguments.seed)

    def progress(done: int, total: int, loss: float) -> None:
        print(f"step {done}/{total}, loss on held-out questions {loss:.4f}", file=sys.stderr, flush=True)

    result = meta_train(lessons(items), config, progress=progress)
    training = {
        "files": {path.name: file_hash(path) for path in arguments.questions},
        "bank": arguments.bank,
        "questions": len(items),
        "steps": config.steps,
        "batch": config.batch,
        "seed": config.seed,
        "validation_loss": [[step, round(loss, 4)] for step, loss in result.validation_loss],
    }
    artifact = PriorArtifact(result.prior, encoder.name, encoder.content_hash, training)
    attribution = arguments.attribution.read_text(encoding="utf-8") if arguments.attribution else ""
    save_prior(artifact, arguments.out, prior_card(artifact, attribution))
    best = min(loss for _, loss in result.validation_loss)
    print(
        f"{len(items)} questions, {result.seconds:.0f} s, loss on held-out questions "
        f"{result.validation_loss[0][1]:.4f} -> {best:.4f}; prior in {arguments.out}"
    )
    return 0


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _warn_of_known_files(prior: str, paths: list[Path], name: Any) -> None:
    from grader.artifact import BUNDLED, read_prior

    folder = BUNDLED if prior == "bundled" else Path(prior)
    if not (folder / "config.json").is_file():
        return
    known = set(read_prior(folder).training.get("files", {}).values())
    seen = [name(path) for path in paths if file_hash(path) in known]
    if seen:
        print(
            f"note: the prior learned from {', '.join(seen)}; its row is too good there (use --train)", file=sys.stderr
        )


def _usage(message: str) -> Exception:
    from grader.artifact import ArtifactError

    class UsageError(ArtifactError):
        """Wrong use of a command."""

    return UsageError(message)
