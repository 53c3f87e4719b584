"""Grading quality with a few graded answers, whole data sets left out of meta-training.

    python benchmarks/grader_quality.py --questions a.jsonl.gz b.jsonl.gz --train a.jsonl.gz c.jsonl.gz --json out.json

Every data set in --questions is graded with a prior (and a MAML start) learned from the --train files other than
itself, and from the bank. --setfit takes the folder of a small sentence encoder; it is fine-tuned for every question
and support, so limit it with --questions-per-set and --seeds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from encoders import EmbeddingStore, StoredEncoder, get_encoder
from grader.evaluation import Evaluation, ReadQuestion, can_judge, evaluate, read_questions
from grader.meta import MetaConfig, MetaQuestion, meta_train
from grader.prior import GraderPrior
from grader.rivals import RIVALS, MamlStart, Rival, grader_rival, maml_rival, setfit_rival, train_maml
from synth.bank import load_bank
from synth.graded import read_graded_files


def source_of(path: Path) -> str:
    return path.name.split(".")[0].removeprefix("graded_").removeprefix("evaluate_only_")


def meta_question(item: ReadQuestion) -> MetaQuestion:
    return MetaQuestion(item.source, item.answers, item.grades, item.question.max_grade)


def print_table(result: Evaluation) -> None:
    sources = result.sources
    counts = [len(next(iter(result.by_source(name)[source] for name in result.graders))) for source in sources]
    head = [f"{source} ({count})" for source, count in zip(sources, counts, strict=True)]
    print("grader".ljust(16) + "".join(name.rjust(18) for name in head) + "mean".rjust(9) + "mae".rjust(9))
    for name in result.graders:
        values = [result.by_source(name)[source].mean() for source in sources]
        row = "".join(f"{value:18.3f}" for value in values)
        print(name.ljust(16) + row + f"{result.mean(name):9.3f}{result.mean(name, 'mae'):9.3f}")


def print_differences(result: Evaluation, grader: str) -> None:
    for other in result.graders:
        if other == grader:
            continue
        mean, low, high = result.difference(grader, other)
        parts = [result.difference(grader, other, source) for source in result.sources]
        detail = ", ".join(
            f"{s} {p[0]:+.3f} [{p[1]:+.3f}, {p[2]:+.3f}]" for s, p in zip(result.sources, parts, strict=True)
        )
        print(f"{grader} - {other}: {mean:+.3f} [{low:+.3f}, {high:+.3f}]   ({detail})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, nargs="+", required=True)
    parser.add_argument("--train", type=Path, nargs="+", default=[])
    parser.add_argument("--no-bank", action="store_true", help="do not learn from the bank")
    parser.add_argument("--encoder", default="e5")
    parser.add_argument("--store", type=Path, required=True, help="folder for the texts' vectors")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--support", type=int, nargs="+", default=[25])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--graders", nargs="+", default=None)
    parser.add_argument("--setfit", type=Path, default=None)
    parser.add_argument("--questions-per-set", type=int, default=None)
    parser.add_argument("--meta-steps", type=int, default=MetaConfig.steps)
    parser.add_argument("--projection", type=int, default=0)
    parser.add_argument("--components", type=int, default=MetaConfig.components)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()

    encoder = StoredEncoder(get_encoder(arguments.encoder, threads=arguments.threads), EmbeddingStore(arguments.store))
    read: dict[str, list[ReadQuestion]] = {}
    for path in dict.fromkeys([*arguments.questions, *arguments.train]):
        begun = time.perf_counter()
        read[source_of(path)] = read_questions(source_of(path), read_graded_files([path]), encoder)
        print(
            f"{path.name}: {len(read[source_of(path)])} questions, {time.perf_counter() - begun:.0f} s", file=sys.stderr
        )
    training = {source_of(path) for path in arguments.train}
    bank = [] if arguments.no_bank else read_questions("bank", load_bank().graded_questions(), encoder)
    config = MetaConfig(steps=arguments.meta_steps, projection=arguments.projection, components=arguments.components)

    priors: dict[str, GraderPrior] = {}
    starts: dict[str, MamlStart] = {}
    wanted = arguments.graders or [*RIVALS, "maml", "grader"]
    for source in [source_of(path) for path in arguments.questions]:
        items = [item for name in sorted(training - {source}) for item in read[name]] + bank
        learn = [meta_question(item) for item in items]
        if "grader" in wanted:
            result = meta_train(learn, config)
            priors[source] = result.prior
            print(
                f"prior without {source}: {len(learn)} questions, {result.seconds:.0f} s, validation "
                f"{result.validation_loss[0][1]:.3f} -> {min(v for _, v in result.validation_loss):.3f}",
                file=sys.stderr,
            )
        if "maml" in wanted:
            starts[source] = train_maml(learn, steps=arguments.meta_steps)

    makers: dict[str, Rival] = {
        **RIVALS,
        "maml": maml_rival(starts.__getitem__),
        "grader": grader_rival(priors.__getitem__),
    }
    if arguments.setfit:
        makers["setfit"] = setfit_rival(arguments.setfit)
    chosen = [makers[name] for name in wanted]
    judged = []
    for path in arguments.questions:
        items = [item for item in read[source_of(path)] if can_judge(item)]
        if arguments.questions_per_set is not None:
            order = np.random.default_rng(0).permutation(len(items))[: arguments.questions_per_set]
            items = [items[row] for row in order]
        judged.extend(items)
    output = []
    for support in arguments.support:
        result = evaluate(judged, chosen, support, arguments.seeds)
        print(f"\nsupport {support}, {arguments.seeds} random supports per question, encoder {arguments.encoder}")
        print_table(result)
        if "grader" in wanted:
            print_differences(result, "grader")
        print("calibration error:", {name: round(value, 4) for name, value in result.calibration.items()})
        output.append(result.as_json())
    if arguments.json:
        arguments.json.write_text(json.dumps(output, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
