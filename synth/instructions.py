"""Pairs of a task and its answer from instruction data: RedPajama instructions, instruction/input/output rows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.errors import DataFileError, RowProblem
from synth.examples import text_hash
from synth.tables import read_rows

REDPAJAMA = "togethercomputer/RedPajama-Data-Instruct"
REDPAJAMA_FILES = ("data/NI_decontaminated.jsonl.zst", "data/P3_decontaminated.jsonl.zst")
"""Natural Instructions (definition, inputs, targets, meta) and P3 (inputs, targets, meta), as the data card says."""
SHAPES = (
    "definition + inputs + targets (RedPajama's Natural Instructions), inputs + targets (RedPajama's P3), "
    "instruction + input + output, prompt/question + response/answer"
)
LONGEST_QUESTION, LONGEST_ANSWER = 600, 1200
"""Characters. A short answer's question is short; instruction data also holds whole articles."""


@dataclass(frozen=True)
class Pair:
    """A question (or task) and the answer that belongs to it."""

    question: str
    answer: str
    language: str
    group: str
    question_id: str

    @classmethod
    def of(cls, question: str, answer: str, language: str, group: str) -> Pair:
        """A pair whose question is identified by its text."""
        return cls(question, answer, language, group, text_hash(f"{language}\n{question}"))


def pair_of_row(row: Mapping[str, Any], language: str) -> Pair | None:
    """The pair of a row in any of the known shapes, or None where the row has no usable text.

    Raises:
        ValueError: the row has none of the known shapes.
    """
    if "targets" in row and "inputs" in row:
        question = _joined(row.get("definition"), row["inputs"])
        answer = _text(row["targets"])
    elif "output" in row and "instruction" in row:
        question, answer = _joined(row["instruction"], row.get("input")), _text(row["output"])
    else:
        asked = next((row[name] for name in ("question", "prompt") if name in row), None)
        answered = next((row[name] for name in ("answer", "response", "completion") if name in row), None)
        if asked is None or answered is None:
            raise ValueError(f"none of the known shapes: {SHAPES}")
        question, answer = _text(asked), _text(answered)
    if not question or not answer or len(question) > LONGEST_QUESTION or len(answer) > LONGEST_ANSWER:
        return None
    own = row.get("language")
    return Pair.of(question, answer, own if isinstance(own, str) and own else language, _task(row))


def read_pairs(path: str | os.PathLike[str], language: str, limit: int | None = None) -> Iterator[Pair]:
    """Pairs of a local file (.jsonl, .jsonl.gz, .jsonl.zst, .parquet, .csv), at most `limit`.

    Raises:
        DataFileError: the file is missing, or rows have none of the known shapes; all of them are named.
    """
    problems: list[RowProblem] = []
    count = 0
    rows = _zst_rows(Path(path)) if str(path).endswith(".zst") else read_rows(path)
    for number, row in rows:
        try:
            pair = pair_of_row(row, language)
        except ValueError as error:
            problems.append(
                RowProblem(str(path), number, "row", str(error), "rename the columns to one of these shapes")
            )
            continue
        if pair is not None:
            yield pair
            count += 1
            if limit is not None and count >= limit:
                return
    if problems:
        raise DataFileError(f"{path}: {len(problems)} row(s) cannot be used", problems)


def stream_hub_pairs(name: str, language: str, limit: int, files: Iterable[str] = ()) -> Iterator[Pair]:
    """Pairs of a data set on the Hugging Face hub, streamed: nothing but the rows that are used is fetched.

    Raises:
        DataFileError: the data set cannot be reached, or its rows have none of the known shapes.
    """
    import datasets

    chosen = list(files) or (list(REDPAJAMA_FILES) if name == REDPAJAMA else None)
    share = limit if chosen is None else -(-limit // len(chosen))
    for part in [None] if chosen is None else chosen:
        count = 0
        try:
            stream = datasets.load_dataset(name, data_files=part, split="train", streaming=True)
            for row in stream:
                pair = pair_of_row(row, language)
                if pair is None:
                    continue
                yield pair
                count += 1
                if count >= share:
                    break
        except Exception as error:
            # `datasets` raises many kinds of errors for what is one thing here: these rows cannot be had.
            if isinstance(error, DataFileError):
                raise
            raise DataFileError(
                f"{name}: {error}; check the name and the network, or download the file and name it instead"
            ) from error


def _zst_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    import io
    import json

    try:
        import zstandard
    except ImportError:
        raise DataFileError(f"{path}: reading .zst needs `pip install zstandard`, or unpack the file first") from None
    if not path.is_file():
        raise DataFileError(f"{path}: no such file; check the path")
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        for number, line in enumerate(io.TextIOWrapper(stream, encoding="utf-8"), 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except json.JSONDecodeError as error:
                    problem = RowProblem(
                        str(path), number, "line", f"not JSON ({error})", "write one JSON object a line"
                    )
                    raise DataFileError(f"{path}: unreadable", [problem]) from error


def _text(value: Any) -> str:
    """A text, or the first text of a list (RedPajama's targets are lists where several are right)."""
    if isinstance(value, list | tuple):
        value = next((item for item in value if isinstance(item, str) and item.strip()), "")
    return value.strip() if isinstance(value, str) else ""


def _joined(*parts: Any) -> str:
    return "\n".join(text for text in map(_text, parts) if text)


def _task(row: Mapping[str, Any]) -> str:
    """What the row's task is called, if it says so: answers of one task are each other's near misses."""
    meta = row.get("meta")
    if isinstance(meta, Mapping):
        for name in ("task", "task_name", "dataset", "source"):
            if isinstance(meta.get(name), str):
                return str(meta[name])
    group = row.get("group") or row.get("task_name")
    return group if isinstance(group, str) else ""
