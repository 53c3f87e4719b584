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
from pathlib import Path

import numpy as np

from encoders import EmbeddingStore, StoredEncoder, get_encoder
from grader.evaluation import can_judge, evaluate
from grader.evaluation_table import difference_table, quality_table
from grader.meta import MetaConfig
from grader.meta.lessons import read_bank, read_sources, train_without, without
from grader.rivals import RIVALS, MamlStart, Rival, grader_rival, maml_rival, setfit_rival, train_maml


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
    read = read_sources(arguments.questions, encoder)
    training = read_sources(arguments.train, encoder)
    if not arguments.no_bank:
        for item in read_bank(encoder):
            training.setdefault(item.source, []).append(item)
    config = MetaConfig(steps=arguments.meta_steps, projection=arguments.projection, components=arguments.components)
    wanted = arguments.graders or [*RIVALS, "maml", "grader"]
    learned = train_without(list(read), training, config) if "grader" in wanted else {}
    for source, result in learned.items():
        best = min(loss for _, loss in result.validation_loss)
        print(f"prior without {source}: {result.seconds:.0f} s, {result.validation_loss[0][1]:.3f} -> {best:.3f}")
    starts: dict[str, MamlStart] = {}
    for source in read if "maml" in wanted else ():
        starts[source] = train_maml(without(source, training), steps=arguments.meta_steps)

    makers: dict[str, Rival] = {
        **RIVALS,
        "maml": maml_rival(starts.__getitem__),
        "grader": grader_rival(lambda source: learned[source].prior),
    }
    if arguments.setfit:
        makers["setfit"] = setfit_rival(arguments.setfit)
    chosen = [makers[name] for name in wanted]
    judged = []
    for questions in read.values():
        items = [item for item in questions if can_judge(item)]
        if arguments.questions_per_set is not None:
            order = np.random.default_rng(0).permutation(len(items))[: arguments.questions_per_set]
            items = [items[row] for row in order]
        judged.extend(items)
    output = []
    for support in arguments.support:
        result = evaluate(judged, chosen, support, arguments.seeds)
        print(f"\nsupport {support}, {arguments.seeds} random supports per question, encoder {arguments.encoder}")
        print(quality_table(result))
        if "grader" in wanted:
            print(difference_table(result, "grader"), flush=True)
        output.append(result.as_json())
    if arguments.json:
        arguments.json.write_text(json.dumps(output, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
