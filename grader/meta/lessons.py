"""What to learn a prior from: graded files and the bank, whole data sets held back where they are to be judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from encoders import Encoder
from grader.evaluation import ReadQuestion, read_questions
from grader.meta.episodes import MetaQuestion
from grader.meta.training import MetaConfig, MetaResult, meta_train
from synth.bank import load_bank
from synth.graded import read_graded_files


def source_name(path: Path) -> str:
    """What a graded file's data set is called: its name without suffixes."""
    return path.name.split(".")[0]


def read_sources(paths: Iterable[Path], encoder: Encoder) -> dict[str, list[ReadQuestion]]:
    """The questions of every file, read with the encoder, by data set.

    Raises:
        DataFileError: a file cannot be used.
    """
    return {
        source_name(path): read_questions(source_name(path), read_graded_files([path]), encoder)
        for path in dict.fromkeys(paths)
    }


def read_bank(encoder: Encoder) -> list[ReadQuestion]:
    """The bank's questions, every language a data set of its own."""
    bank = load_bank()
    return [
        item
        for language in bank.languages
        for item in read_questions(
            f"bank-{language}", [q for q in bank.graded_questions() if q.language == language], encoder
        )
    ]


def lessons(items: Iterable[ReadQuestion]) -> list[MetaQuestion]:
    """Read questions as meta-training takes them."""
    return [MetaQuestion(item.source, item.answers, item.grades, item.question.max_grade) for item in items]


def without(source: str, training: Mapping[str, Sequence[ReadQuestion]]) -> list[MetaQuestion]:
    """Everything to learn from except one data set."""
    return lessons(item for name in sorted(training) if name != source for item in training[name])


def train_without(
    sources: Sequence[str], training: Mapping[str, Sequence[ReadQuestion]], config: MetaConfig | None = None
) -> dict[str, MetaResult]:
    """For every source a prior learned from all training data but its own.

    Sources that are not trained on share one prior.
    """
    results: dict[str, MetaResult] = {}
    shared: MetaResult | None = None
    for source in sources:
        if source in training:
            results[source] = meta_train(without(source, training), config)
        else:
            shared = shared or meta_train(without(source, training), config)
            results[source] = shared
    return results
