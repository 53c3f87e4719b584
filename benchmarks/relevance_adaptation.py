"""Does descending on a question's own labelled answers help a gate? Static, adapted, set-conditioned, both.

    python benchmarks/relevance_adaptation.py [FILE...]

Over three folds of the bank's questions (and of graded files, when named): the relevance model is trained on the other
folds. Each held-out question then has up to 25 labelled honest answers, and as many answers to other questions as
labelled irrelevant ones. *Static cold* knows the question alone; *adapted* descends from there on the labelled answers
(steps chosen on a held-back part, none allowed); *set-conditioned* reads the honest ones as features; *both* does both.
All are compared on the same new answers, at the threshold that turns away 1 % of the genuine ones.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders import open_encoder
from relevance.adaptation import adapt
from relevance.background import LanguageBackground
from relevance.corpus import from_bank, from_graded, with_attacks
from relevance.episodes import Prepared, evidence_of, is_genuine, prepare_questions
from relevance.metrics import threshold_at
from relevance.model import RelevanceModel, mean_logits
from relevance.pipeline import fit_background, make_training_data
from relevance.space import Space
from relevance.training import TrainingConfig, train_model
from synth.attacks import choose_families
from synth.bank import load_bank
from synth.graded import read_graded_files

VARIANTS = ("static cold", "adapted", "set-conditioned", "both")
SUPPORT = 25
PARTS = 5
Rows = tuple[NDArray[np.float32], NDArray[np.float32]]


def seen_as(
    item: Prepared, support: list[int], rows: list[tuple[Prepared, int]], space: Space, background: LanguageBackground
) -> tuple[Rows, NDArray[np.bool_]]:
    """Features and interactions of answers when these graded answers are the support, and what guards turn away."""
    reader, evidence = evidence_of(item, support, False, space, background)
    encoded = np.array([source.rows[row] for source, row in rows])
    inputs = evidence.inputs([source.facts[row] for source, row in rows], encoded)
    rejected = np.array([reader.rejection(source.texts[row]) is not None for source, row in rows])
    return inputs, rejected


def judge_question(
    item: Prepared,
    others: list[tuple[Prepared, int]],
    models: tuple[RelevanceModel, ...],
    space: Space,
    background: LanguageBackground,
    random: np.random.Generator,
) -> tuple[dict[str, NDArray[np.float32]], list[str], list[tuple[int, ...]]]:
    """Each variant's logits of the question's new answers (minus infinity where a guard rejects), and families."""
    order = random.permutation(item.answer_rows).tolist()
    support = order[: min(SUPPORT, int(0.7 * len(order)))]
    new = [row for row in range(len(item.texts)) if row not in set(support)]
    strangers = [others[place] for place in random.permutation(len(others))[: 2 * len(support)]]
    labelled, more = strangers[: len(support)], strangers[len(support) :]
    answers = [(item, row) for row in new] + more
    families = [item.kinds[row] for row in new] + ["other-subject-answer"] * len(more)
    logits, steps = {}, []
    for static, adapted, known in (("static cold", "adapted", []), ("set-conditioned", "both", support)):
        inputs, rejected = seen_as(item, known, answers, space, background)
        logits[static] = np.where(rejected, -np.inf, mean_logits(models, *inputs))
        blocks, labels = [], []
        for part in range(PARTS):
            # A labelled honest answer must not stand in the support that it is compared with.
            held = support[part::PARTS]
            rows = [(item, row) for row in held] + labelled[part::PARTS]
            if rows:
                left = [row for row in known if row not in held]
                blocks.append(seen_as(item, left, rows, space, background)[0])
                labels += [True] * len(held) + [False] * (len(rows) - len(held))
        own = tuple(np.vstack([block[side] for block in blocks]) for side in (0, 1))
        found = adapt(models, own[0], own[1], np.array(labels), seed=0)
        logits[adapted] = np.where(rejected, -np.inf, mean_logits(found.models, *inputs))
        steps.append(found.steps)
    return logits, families, steps


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="*", help="graded files beside the bank")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="folder of the embedding store (default: the user's cache)")
    arguments = parser.parse_args()
    items = from_bank(load_bank())
    for path in arguments.files:
        items += from_graded(read_graded_files([path]), path.name)
    items = with_attacks(items, choose_families("must_reject"), 1, 0)
    encoder = open_encoder("e5", arguments.threads, arguments.cache)
    data = make_training_data(items, encoder, seed=0, folds=3, sizes=(0, 10, 25))
    prepared = prepare_questions(items, encoder)
    fold_of = {int(question): int(fold) for question, fold in zip(data.table.question, data.fold, strict=True)}
    logits: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    families: list[str] = []
    steps: dict[str, list[int]] = defaultdict(list)
    for fold in range(3):
        training, validation = data.held_out(fold)
        models = (train_model(training, validation, TrainingConfig()).model,)
        background = fit_background([item for number, item in enumerate(prepared) if fold_of[number] != fold])
        for number, item in enumerate(prepared):
            if fold_of[number] != fold or len(item.answer_rows) < 8:
                continue
            language = item.item.question.language
            others = [
                (other, row)
                for place, other in enumerate(prepared)
                if other.item.question.language == language and other.item.split_key != item.item.split_key
                for row in other.answer_rows
            ]
            if len(others) < SUPPORT:
                continue
            random = np.random.default_rng([0, number])
            found, kinds, taken = judge_question(item, others, models, data.space, background, random)
            for name, values in found.items():
                logits[name].append(values)
            families += kinds
            for name, counts in zip(("adapted", "both"), taken, strict=True):
                steps[name] += counts
    kinds = np.array(families)
    genuine = np.array([is_genuine(family) for family in families])
    print(f"{len(kinds)} new answers, {genuine.sum()} of them genuine; % turned away when 1 % of the genuine ones are")
    print(f"{'':<28}" + "".join(f"{name:>17}" for name in VARIANTS))
    away = {}
    for name in VARIANTS:
        values = np.concatenate(logits[name])
        away[name] = values < threshold_at(values[genuine], 0.01)
    means: dict[str, list[float]] = defaultdict(list)
    for family in sorted(set(families)):
        shares = [float(away[name][kinds == family].mean()) for name in VARIANTS]
        if not is_genuine(family):
            for name, share in zip(VARIANTS, shares, strict=True):
                means[name].append(share)
        print(f"{family:<28}" + "".join(f"{100 * share:>17.1f}" for share in shares))
    print(f"{'mean over attack families':<28}" + "".join(f"{100 * np.mean(means[name]):>17.1f}" for name in VARIANTS))
    for name, counts in steps.items():
        print(f"{name}: no step was best for {np.mean(np.array(counts) == 0):.0%} of questions, "
              f"{np.median(counts):.0f} steps in the median")  # fmt: skip


if __name__ == "__main__":
    main()
