"""The command `answergate grader compare`. It is about graders but needs the suite, so it lives in this room."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.llm.command import add_llm_arguments
from synth.whole_files import write_whole_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eval.comparison.results import Comparison
    from eval.comparison.run import Entrant
    from grader.peft.training import TrainedScorer
    from synth.graded import GradedQuestion


def add_compare_command(commands: Any) -> None:
    """Add `compare` to the commands of `answergate grader`."""
    compare = commands.add_parser(
        "compare",
        help="graders side by side: quality, leaks, speed, size, money",
        description="The same graded answers, held-out answers and attacks for every grader, in one table and page.",
    )
    compare.add_argument("--questions", type=Path, nargs="+", required=True, help="graded files, one data set each")
    compare.add_argument(
        "--graders", default="constant,knn,online,distilled", help="names by commas (default: %(default)s)"
    )
    compare.add_argument("--support", type=int, default=25, help="graded answers to learn from (default 25)")
    compare.add_argument("--questions-per-set", type=int, default=4, help="questions of each file (default 4; 0: all)")
    compare.add_argument("--families", default="all", help="attack families, by commas (default all)")
    compare.add_argument("--per-question", type=int, default=1, help="attacks per family and question (default 1)")
    compare.add_argument("--gate", default="bundled", help="a gate's folder (default: the bundled gate)")
    compare.add_argument("--encoder", default="e5", help="the graders' encoder (default e5)")
    compare.add_argument("--peft", type=Path, help="a trained scorer's folder, for the grader 'peft'")
    compare.add_argument("--peft-model", help="a model to train 'peft' on here, on all graded answers of all questions")
    compare.add_argument("--peft-epochs", type=int, default=4)
    compare.add_argument("--peft-length", type=int, default=96, help="tokens that 'peft' reads (default 96)")
    compare.add_argument("--teacher", default="online", help="who teaches 'distilled' (default online)")
    compare.add_argument("--log", type=Path, metavar="FOLDER", help="keep the language model's replies here")
    compare.add_argument("--seed", type=int, default=0)
    compare.add_argument("--threads", type=int, default=1, help="encoder threads (default 1)")
    compare.add_argument(
        "--json",
        type=Path,
        metavar="F",
        help="write all figures as JSON, after every grader; the same file is continued",
    )
    compare.add_argument("--html", type=Path, metavar="F", help="write one HTML page")
    add_llm_arguments(compare)
    compare.set_defaults(run=run_compare)


def run_compare(arguments: argparse.Namespace) -> int:
    """`answergate grader compare`."""
    from eval.adversarial import lending_pool
    from eval.comparison.page import table_text, write_page
    from eval.comparison.run import chosen_questions, compare
    from eval.suite import SuiteSettings
    from grader.meta.lessons import source_name
    from grader.rivals.grade_rows import open_gate
    from grader.rivals.registry import CONTENDERS
    from synth.attacks import choose_families
    from synth.graded import read_graded_files

    names = [name.strip() for name in arguments.graders.split(",") if name.strip()]
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown or not names:
        raise _usage(f"no grader is called {', '.join(unknown) or 'nothing'}; there are {', '.join(CONTENDERS)}")
    gate = open_gate(arguments.gate, arguments.threads)
    if gate is None:
        raise _usage("the comparison shows every grader with and without the gate; name one with --gate")
    settings = SuiteSettings(
        tuple(choose_families(arguments.families)), arguments.per_question, arguments.support, arguments.seed
    )
    read = {source_name(path): read_graded_files([path]) for path in arguments.questions}
    sources = chosen_questions(read, arguments.questions_per_set or None, arguments.seed)
    questions = [question for items in sources.values() for question in items]
    earlier = _earlier(arguments.json)
    with ExitStack() as stack:
        measured = {row.name for row in earlier.rows} if earlier else set()
        entrants = _entrants([name for name in names if name not in measured], arguments, questions, stack)
        result = compare(
            entrants,
            sources,
            gate,
            settings,
            lending_pool(questions),
            _described(arguments),
            lambda line: print(line, file=sys.stderr, flush=True),
            earlier,
            None if arguments.json is None else lambda found: write_whole_text(arguments.json, found.to_json()),
        )
    print(table_text(result))
    print(f"Pareto front (kappa behind the gate, processor time): {', '.join(result.pareto())}")
    if arguments.json:
        write_whole_text(arguments.json, result.to_json())
        print(f"written: {arguments.json}")
    if arguments.html:
        write_page(arguments.html, result)
        print(f"written: {arguments.html}")
    return 0


def _earlier(path: Path | None) -> Comparison | None:
    """What a run that was stopped had written."""
    from eval.comparison.results import Comparison

    if path is None or not path.is_file():
        return None
    try:
        return Comparison.of_json(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise _usage(f"{path}: not a comparison that could be continued ({error}); name another file") from error


def _entrants(
    names: Sequence[str],
    arguments: argparse.Namespace,
    questions: Sequence[GradedQuestion],
    stack: ExitStack,
) -> list[Entrant]:
    """Every grader twice: over an encoder that remembers vectors, and over one that does not."""
    import tempfile

    from encoders import EmbeddingStore, StoredEncoder, get_encoder
    from eval.comparison.run import Entrant
    from grader.llm.command import llm_settings
    from grader.llm.grader import LlmGrader
    from grader.rivals.footprints import encoder_footprint
    from grader.rivals.registry import ContenderParts, make_contender
    from synth.local import local_endpoint

    encoder = get_encoder(arguments.encoder, threads=arguments.threads)
    vectors = stack.enter_context(tempfile.TemporaryDirectory())
    remembering = StoredEncoder(encoder, EmbeddingStore(vectors))
    parts = ContenderParts(encoder, encoder_footprint(arguments.encoder), teacher=arguments.teacher)
    asked = {*names, arguments.teacher} if "distilled" in names else set(names)
    if "llm" in asked:
        url = stack.enter_context(local_endpoint(arguments.local)) if arguments.local else arguments.base_url
        llm = stack.enter_context(LlmGrader(llm_settings(arguments, url), remembering, arguments.log))
        parts = dataclasses.replace(parts, llm=llm)
    if "peft" in asked:
        parts = dataclasses.replace(parts, scorer=_scorer(arguments, questions, stack))
    stored = dataclasses.replace(parts, encoder=remembering)
    return [
        Entrant(make_contender(name, stored), make_contender(name, parts), parts.llm if name == "llm" else None)
        for name in names
    ]


def _scorer(arguments: argparse.Namespace, questions: Sequence[GradedQuestion], stack: ExitStack) -> TrainedScorer:
    """The scorer named, or one trained on the supports of all questions together."""
    import tempfile

    import torch

    from eval.suite import divide
    from grader.peft.artifact import load_scorer
    from grader.peft.config import ScorerConfig
    from grader.peft.data import rows_of
    from grader.peft.training import train_scorer

    torch.set_num_threads(arguments.threads)
    if arguments.peft:
        return load_scorer(arguments.peft)
    if not arguments.peft_model:
        raise _usage("the grader 'peft' needs a trained scorer (--peft FOLDER) or a model (--peft-model FOLDER)")
    rows = [row for q in questions for row in rows_of(q, divide(q, arguments.support, arguments.seed).support)]
    config = ScorerConfig(
        arguments.peft_model,
        epochs=arguments.peft_epochs,
        batch=8,
        max_length=arguments.peft_length,
        seed=arguments.seed,
    )
    work = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return train_scorer(rows, config, work, lambda line: print(f"peft: {line}", file=sys.stderr, flush=True))


def _described(arguments: argparse.Namespace) -> Mapping[str, object]:
    from grader.evaluate_command import file_hash

    return {
        "files": [{"name": path.name, "sha256": file_hash(path)} for path in arguments.questions],
        "gate": str(arguments.gate),
        "encoder": arguments.encoder,
        "threads": arguments.threads,
    }


def _usage(message: str) -> Exception:
    from grader.errors import UsageError

    return UsageError(message)
