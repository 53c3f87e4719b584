"""The gate on languages, data sets and questions it has never seen, at a threshold fixed before, beside baselines.

    python benchmarks/relevance_left_out.py --train FILE... --evaluate-only FILE... [--reranker FOLDER] [--json OUT]

Leaves out one group of languages at a time: the gate (space, language counts, networks, calibration) is trained on the
bank and the graded files in the other languages, then judges the bank's questions and the files in these. Of the bank's
questions that are put in every language, half are left out of training in all languages, and only those are judged. The
baselines are trained on the same rows and have their threshold at the same rate on rows they were not fitted to.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders import Encoder, open_encoder
from eval.statistics import exact_interval
from relevance.calibration import regime_of
from relevance.corpus import GateQuestion, from_bank, from_graded, with_attacks
from relevance.episodes import EpisodeTable, build_episodes, is_genuine, prepare_questions
from relevance.evidence import BASE_FEATURES
from relevance.metrics import threshold_at
from relevance.model import mean_logits
from relevance.pipeline import make_training_data, train_gate
from relevance.training import TrainingConfig
from synth.attacks import choose_families
from synth.bank import load_bank
from synth.graded import read_graded_files

GROUPS = ("en", "zh,ja,ko", "id,sw,tr", "ar,bn,hi", "de,fr,ru", "es,it,pt")
SIZES = (0, 0, 10, 25, 25)
FALSE_REJECTION = 0.01
Scores = NDArray[np.float64]
Counts = dict[str, list[int]]
"""family -> [turned away, rows]"""


def leave_out(
    items: Sequence[GateQuestion], evaluated: Sequence[GateQuestion], languages: set[str]
) -> tuple[list[GateQuestion], list[GateQuestion]]:
    """(training items, items to judge) when these languages, and some of the parallel questions, are left out."""
    languages_of: dict[str, set[str]] = defaultdict(set)
    for item in items:
        languages_of[item.split_key].add(item.question.language)
    parallel = sorted(key for key, found in languages_of.items() if len(found) > 1)
    unseen = set(parallel[::2])
    training = [item for item in items if item.question.language not in languages and item.split_key not in unseen]
    judged = [
        item
        for item in [*items, *evaluated]
        if item.question.language in languages and (item.split_key in unseen or item.split_key not in parallel)
    ]
    return training, judged


def baselines(training: EpisodeTable, fold: NDArray[np.int64], judged: EpisodeTable, seed: int) -> dict[str, Scores]:
    """name -> scores of the training rows, not fitted to them, then of the judged rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    both = [training.features, judged.features]
    scores = {
        "cosine to the question": np.concatenate([rows[:, BASE_FEATURES.index("cosine_question")] for rows in both]),
        "cosine to the nearest graded answer": np.concatenate(
            [rows[:, BASE_FEATURES.index("nearest")] for rows in both]
        ),
    }

    def fitted(rows: NDArray[np.bool_]) -> Callable[[NDArray[np.float32]], Scores]:
        trees = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.1, random_state=seed)
        trees.fit(training.features[rows], training.relevant[rows])
        return lambda features: trees.decision_function(features)  # type: ignore[no-any-return]

    scores["boosted trees on the gate's features"] = _cross_fitted(fitted, training.features, fold, judged.features)
    return scores


def _cross_fitted(
    fit: Callable[[NDArray[np.bool_]], Callable[[NDArray[np.float32]], Scores]],
    training: NDArray[np.float32],
    fold: NDArray[np.int64],
    judged: NDArray[np.float32],
) -> Scores:
    own = np.zeros(len(training))
    for number in np.unique(fold):
        own[fold == number] = fit(fold != number)(training[fold == number])
    return np.concatenate([own, fit(np.ones(len(training), dtype=bool))(judged)])


def text_rows(items: Sequence[GateQuestion], seed: int) -> list[tuple[int, str, list[str], str, str]]:
    """(question, question's text, support, answer, family) of warm rows, for baselines that read texts."""
    rows = []
    for number, item in enumerate(items):
        random = np.random.default_rng([seed, number])
        texts = [answer.text for answer in item.question.answers]
        order = random.permutation(len(texts))
        size = min(25, int(0.7 * len(texts)))
        support = [texts[row] for row in order[:size]]
        own = [(texts[row], "genuine") for row in order[size:]]
        own += [(answer.text, f"benign:{kind}") for answer, kind in zip(item.benign, item.benign_kinds, strict=True)]
        own += [(negative.text, negative.family) for negative in item.negatives]
        others = [other for other in items if other.question.language == item.question.language and other is not item]
        for family, pool in (
            ("same-course-answer", [other for other in others if other.question.group == item.question.group]),
            ("other-subject-answer", [other for other in others if other.question.group != item.question.group]),
        ):
            found = [answer.text for other in pool for answer in other.question.answers]
            own += [(found[place], family) for place in random.permutation(len(found))[:12]]
        rows += [(number, item.question.text, support, text, family) for text, family in own]
    return rows


def tf_idf(training: Sequence[GateQuestion], judged: Sequence[GateQuestion], seed: int) -> tuple[Scores, list[str]]:
    """TF-IDF of character 2- to 4-grams; logistic regression on similarity to the question and the graded answers.

    Returns scores of training rows (cross-fitted over questions), then of judged rows, and all rows' families.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    parts = [text_rows(items, seed) for items in (training, judged)]
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True)
    vectorizer.fit([text for _, _, _, text, _ in parts[0]])

    def similarities(rows: list[tuple[int, str, list[str], str, str]]) -> NDArray[np.float32]:
        blocks = []
        for number in dict.fromkeys(row[0] for row in rows):
            own = [row for row in rows if row[0] == number]
            answers = vectorizer.transform([row[3] for row in own])
            support = (answers @ vectorizer.transform(own[0][2] or [""]).T).toarray()
            question = (answers @ vectorizer.transform([own[0][1]]).T).toarray()
            best = np.sort(support, axis=1)[:, ::-1]
            blocks.append(np.hstack([question, best[:, :1], best[:, :3].mean(axis=1, keepdims=True),
                                     support.mean(axis=1, keepdims=True)]))  # fmt: skip
        return np.vstack(blocks).astype(np.float32)

    inputs = [similarities(rows) for rows in parts]
    families = [row[4] for rows in parts for row in rows]
    relevant = np.array([is_genuine(row[4]) for row in parts[0]])

    def fitted(rows: NDArray[np.bool_]) -> Callable[[NDArray[np.float32]], Scores]:
        model = LogisticRegression(C=10.0, class_weight="balanced").fit(inputs[0][rows], relevant[rows])
        return lambda features: model.decision_function(features)  # type: ignore[no-any-return]

    fold = np.array([row[0] % 3 for row in parts[0]])
    return _cross_fitted(fitted, inputs[0], fold, inputs[1]), families


def reranked(folder: str, training: Sequence[GateQuestion], judged: Sequence[GateQuestion], seed: int) -> Scores:
    """A published cross-encoder's relevance of each answer to its question, on the rows of `tf_idf`."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    rows = [row for items in (training, judged) for row in text_rows(items, seed)]
    scores = []
    with torch.no_grad():
        for at in range(0, len(rows), 32):
            pairs = rows[at : at + 32]
            batch = tokenizer([row[1] for row in pairs], [row[3] for row in pairs], padding=True, truncation=True,
                              max_length=256, return_tensors="pt")  # fmt: skip
            scores.append(model(**batch).logits[:, -1].double().numpy())
    return np.concatenate(scores)


def count(families: Sequence[str], away: NDArray[np.bool_], into: Counts) -> None:
    """Add rows turned away to the counts of their families."""
    for family, rejected in zip(families, away.tolist(), strict=True):
        cell = into.setdefault(family, [0, 0])
        cell[0] += rejected
        cell[1] += 1


def run_group(
    training: Sequence[GateQuestion],
    judged: Sequence[GateQuestion],
    encoder: Encoder,
    members: int,
    reranker: str | None,
    tallies: dict[tuple[str, str], Counts],
    by_language: dict[tuple[str, str], Counts],
) -> None:
    """Train without the judged questions' languages; judge them warm and cold."""
    data = make_training_data(training, encoder, seed=0, folds=3, sizes=SIZES)
    trained = train_gate(data, TrainingConfig(), FALSE_REJECTION, members)
    parts = trained.parts
    table = build_episodes(prepare_questions(judged, encoder), parts.space, parts.background, 0, (0, 0, 25))
    probabilities = parts.calibration.probabilities(mean_logits(parts.models, table.features, table.interactions))
    thresholds = np.array([parts.calibration.thresholds[regime_of(int(size))] for size in table.size])
    away = table.rejected | (probabilities < thresholds)
    languages = np.array([judged[number].question.language for number in table.question])
    for regime, rows, training_rows in (
        ("warm", table.size >= 4, data.table.size >= 10),
        ("cold", table.size == 0, data.table.size == 0),
    ):
        count(table.family[rows].tolist(), away[rows], tallies[regime, "answergate"])
        for language in np.unique(languages[rows]):
            own = rows & (languages == language)
            sides = ["genuine" if side else "negative" for side in table.relevant[own]]
            count(sides, away[own], by_language[regime, str(language)])
        before, after = data.table.take(training_rows), table.take(rows)
        for name, scores in baselines(before, data.fold[training_rows], after, 0).items():
            if regime == "cold" and "graded" in name:
                continue
            threshold = threshold_at(scores[: len(before)][before.relevant], FALSE_REJECTION)
            count(after.family.tolist(), scores[len(before) :] < threshold, tallies[regime, name])
    scores, families = tf_idf(training, judged, 0)
    text_baselines = {"TF-IDF + logistic regression": scores}
    if reranker:
        text_baselines["cross-encoder"] = reranked(reranker, training, judged, 0)
    first = len(text_rows(training, 0))
    genuine = np.array([is_genuine(family) for family in families])
    for name, scores in text_baselines.items():
        threshold = threshold_at(scores[:first][genuine[:first]], FALSE_REJECTION)
        count(families[first:], scores[first:] < threshold, tallies["warm", name])


def print_table(regime: str, tallies: dict[tuple[str, str], Counts]) -> None:
    """Share of each family turned away, a column for each method."""
    methods = [name for kind, name in tallies if kind == regime]
    families = sorted({family for name in methods for family in tallies[regime, name]})
    print(f"\n{regime}: % turned away, threshold set for {FALSE_REJECTION:.0%} of genuine answers elsewhere")
    for number, name in enumerate(methods, 1):
        print(f"  ({number}) {name}")
    for family in sorted(families, key=lambda name: (not is_genuine(name), name)):
        cells = [tallies[regime, name].get(family) for name in methods]
        shown = "".join(f"{100 * cell[0] / cell[1]:8.1f}" if cell else "       -" for cell in cells)
        print(f"  {family:<28}{shown}   of {max(cell[1] for cell in cells if cell)}")
    for name in methods:
        own = {family: cell for family, cell in tallies[regime, name].items() if is_genuine(family)}
        events, total = (sum(cell[part] for cell in own.values()) for part in (0, 1))
        low, high = exact_interval(events, total)
        print(f"  all genuine, {name}: {events / total:.2%} [{low:.2%}, {high:.2%}] of {total}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=Path, nargs="*", default=[], metavar="FILE", help="graded files")
    parser.add_argument("--evaluate-only", type=Path, nargs="*", default=[], metavar="FILE", help="never trained on")
    parser.add_argument("--groups", nargs="+", default=GROUPS, metavar="LANGUAGES", help="left out together, by commas")
    parser.add_argument("--reranker", help="folder or name of a cross-encoder")
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache", type=Path, help="folder of the embedding store (default: the user's cache)")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    families = choose_families("must_reject")
    items = from_bank(load_bank())
    for path in arguments.train:
        items += from_graded(read_graded_files([path]), path.name)
    evaluated = [item for path in arguments.evaluate_only for item in from_graded(read_graded_files([path]), path.name)]
    items, evaluated = (with_attacks(part, families, 1, 0) for part in (items, evaluated))
    encoder = open_encoder("e5", arguments.threads, arguments.cache)
    tallies: dict[tuple[str, str], Counts] = defaultdict(dict)
    by_language: dict[tuple[str, str], Counts] = defaultdict(dict)
    for group in arguments.groups:
        started = time.monotonic()
        training, judged = leave_out(items, evaluated, set(group.split(",")))
        run_group(training, judged, encoder, arguments.members, arguments.reranker, tallies, by_language)
        print(f"{group}: {len(training)} questions trained on, {len(judged)} judged, "
              f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)  # fmt: skip
        if arguments.json:
            result = {
                "methods": {f"{regime}: {name}": counts for (regime, name), counts in tallies.items()},
                "languages": {f"{regime}: {name}": counts for (regime, name), counts in by_language.items()},
            }
            arguments.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for regime in ("warm", "cold"):
        print_table(regime, tallies)
    print("\nanswergate by language: % of genuine answers and of negatives turned away")
    for (regime, language), counts in sorted(by_language.items()):
        cells = ", ".join(f"{side} {100 * away / total:.1f} of {total}" for side, (away, total) in counts.items())
        print(f"  {regime} {language}: {cells}")


if __name__ == "__main__":
    main()
