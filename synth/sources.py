"""Open whatever a user names: example files, graded files, instruction files, data sets on the hub, the bank."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from synth.bank import load_bank
from synth.errors import DataFileError
from synth.files import read_examples
from synth.graded import read_graded_files
from synth.instructions import Pair, read_pairs, stream_hub_pairs
from synth.negatives import pairs_of_examples, pairs_of_questions
from synth.tables import SUFFIXES, read_rows


def file_shape(path: str | os.PathLike[str]) -> str:
    """`examples`, `graded` or `instructions`, by the columns of the first row.

    Raises:
        DataFileError: the file is missing or has no rows.
    """
    if str(path).endswith(".zst"):
        return "instructions"
    first = next(iter(read_rows(path)), None)
    if first is None:
        raise DataFileError(f"{path}: no rows")
    columns = first[1].keys()
    if {"kind", "provenance"} & columns:
        return "examples"
    return "graded" if {"grade", "max_grade"} & columns else "instructions"


def true_pairs(
    sources: Sequence[str], bank: bool = False, language: str = "en", limit: int | None = None
) -> list[Pair]:
    """True pairs of question and answer from files, hub data sets (streamed) and the bank.

    Args:
        sources: paths, or names of data sets on the hub such as `togethercomputer/RedPajama-Data-Instruct`.
        bank: take the bundled bank too.
        language: language of rows that name none.
        limit: at most so many pairs of each instruction source.

    Raises:
        DataFileError: a source cannot be read.
    """
    pairs: list[Pair] = []
    for source in sources:
        if _is_hub_name(source):
            pairs += stream_hub_pairs(source, language, limit or 10_000)
            continue
        shape = file_shape(source)
        if shape == "examples":
            pairs += pairs_of_examples(read_examples(source))
        elif shape == "graded":
            pairs += pairs_of_questions(read_graded_files([source]))
        else:
            pairs += read_pairs(source, language, limit)
    if bank:
        pairs += pairs_of_questions(load_bank().graded_questions())
    return pairs


def _is_hub_name(source: str) -> bool:
    """`owner/name` that is no path: hub names have one slash, no data suffix, and no such file exists."""
    if source.lower().endswith((*SUFFIXES, ".zst")) or Path(source).exists():
        return False
    owner, slash, name = source.partition("/")
    return bool(slash and owner and name and "/" not in name and not source.startswith((".", "~", "/")))
