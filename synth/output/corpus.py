"""Write everything a run gives, row by row, so that memory does not grow with the number of rows."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from synth.detectors import unload_detectors
from synth.engine.log import RunLog
from synth.errors import DataFileError
from synth.examples import Example
from synth.filters.pipeline import FilterPipeline
from synth.generate import default_pipeline, question_yields
from synth.output.card import card_text
from synth.output.html import report_html
from synth.output.report import Reporter, RunReport
from synth.output.split import PARTS, assigned_parts
from synth.plan.model import Plan
from synth.questions import QuestionSpec

if TYPE_CHECKING:
    import datasets

ROWS_AT_ONCE = 250
REPEATING = [
    *("question_id", "question", "kind", "language", "subject", "group", "reference", "max_grade"),
    *(f"provenance.{name}" for name in ("generator", "generator_version", "template", "template_hash", "model")),
]


@dataclass(frozen=True)
class CorpusSummary:
    """What was written, and where."""

    rows: int
    parts: dict[str, int]
    folder: Path
    report: RunReport
    pipeline: FilterPipeline = field(repr=False)


def write_corpus(
    plan: Plan, questions: Sequence[QuestionSpec], log: RunLog, folder: str | os.PathLike[str]
) -> CorpusSummary:
    """Write the corpus that plan and log give; the same ones give the same bytes. Asks nothing.

    Files: `examples.jsonl` (all rows), `data/<part>.parquet` (the leakage-safe split), `dropped.jsonl` (samples of what
    filters dropped), `report.json`, `report.html` and the data card `README.md`, with which `datasets.load_dataset`
    opens the folder.
    """
    folder = Path(folder)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    pipeline = default_pipeline(plan)
    part_of = assigned_parts(questions, plan.split.model_dump(), plan.seed)
    reporter = Reporter(plan)
    parts: Counter[str] = Counter()
    with _replaced(folder / "examples.jsonl") as lines:
        for made in question_yields(plan, questions, log.get, pipeline):
            reporter.add(made)
            for example in made.rows():
                lines.write(json.dumps(example.model_dump(mode="json"), ensure_ascii=False).encode() + b"\n")
                parts[part_of[made.question.id]] += 1
    # Arrow and the language models need not be in memory at the same time.
    unload_detectors()
    _write_tables(folder, part_of)
    report = reporter.report(log, pipeline)
    counts = {part: parts[part] for part in PARTS}
    samples = [asdict(sample) for samples in pipeline.samples.values() for sample in samples]
    _write(folder / "dropped.jsonl", "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in samples))
    _write(folder / "report.json", report.to_json())
    _write(folder / "report.html", report_html(report, pipeline))
    _write(folder / "README.md", card_text(plan, report, counts))
    return CorpusSummary(parts.total(), counts, folder, report, pipeline)


def corpus_dataset(folder: str | os.PathLike[str]) -> datasets.DatasetDict:
    """The written corpus as a DatasetDict of train, validation and test, as far as they hold rows.

    Raises:
        DataFileError: the folder holds no corpus.
    """
    import datasets as hf_datasets

    paths = {part: Path(folder) / "data" / f"{part}.parquet" for part in PARTS}
    files = {part: str(path) for part, path in paths.items() if path.is_file()}
    if not files:
        raise DataFileError(f"{folder}: no corpus here; `answergate synth generate` writes one")
    opened = hf_datasets.load_dataset("parquet", data_files=files)
    assert isinstance(opened, hf_datasets.DatasetDict)
    return opened


def push_corpus(folder: str | os.PathLike[str], name: str, private: bool = True) -> str:
    """Push a written corpus to the Hugging Face hub, its data card too. Returns the data set's address.

    Raises:
        DataFileError: the folder holds no corpus, or the hub does not take it.
    """
    import huggingface_hub

    corpus = corpus_dataset(folder)
    try:
        corpus.push_to_hub(name, private=private)
        card = str(Path(folder) / "README.md")
        huggingface_hub.HfApi().upload_file(
            path_or_fileobj=card, path_in_repo="README.md", repo_id=name, repo_type="dataset"
        )
    except Exception as error:
        # The hub's client raises many kinds of errors; for the user they are one: it was not pushed.
        raise DataFileError(f"{name}: not pushed ({error}); log in with `hf auth login`, check the name") from error
    return f"https://huggingface.co/datasets/{name}"


def _write_tables(folder: Path, part_of: Mapping[str, str]) -> None:
    """The rows of `examples.jsonl` as one Parquet file a part."""
    for part in PARTS:
        # `datasets` does not open an empty file, so a part without rows has none.
        (folder / "data" / f"{part}.parquet").unlink(missing_ok=True)
    with ExitStack() as stack:
        tables: dict[str, _Table] = {}
        for line in stack.enter_context((folder / "examples.jsonl").open("rb")):
            part = part_of[json.loads(line)["question_id"]]
            if part not in tables:
                tables[part] = stack.enter_context(_parquet(folder / "data" / f"{part}.parquet"))
            tables[part].add(line)


class _Table:
    """A Parquet file that is written in pieces of `ROWS_AT_ONCE` lines of JSON.

    Arrow reads the lines itself: for Python objects it would first import pandas, to see whether they are of pandas.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        import pyarrow.parquet

        # Arrow's own allocator takes memory in larger pieces than a thousand rows need.
        pyarrow.set_memory_pool(pyarrow.system_memory_pool())
        # A dictionary is worth its memory where values repeat.
        self._writer = pyarrow.parquet.ParquetWriter(stream, _schema(), use_dictionary=REPEATING)
        self._lines: list[bytes] = []

    def add(self, line: bytes) -> None:
        self._lines.append(line)
        if len(self._lines) >= ROWS_AT_ONCE:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow
        import pyarrow.json

        if not self._lines:
            return
        content = b"".join(self._lines)
        table = pyarrow.json.read_json(
            pyarrow.BufferReader(content),
            read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(content)),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=_schema(), unexpected_field_behavior="error"),
        )
        self._writer.write_table(table)
        self._lines = []


def _schema() -> Any:
    """The Arrow schema of example rows: the same for every file, also where a column is empty."""
    import pyarrow as pa

    types = {"schema_version": pa.int64(), "relevant": pa.bool_(), "grade": pa.float64(), "max_grade": pa.float64()}
    provenance = {"seed": pa.int64()}

    def fields(names: Sequence[str], known: dict[str, Any]) -> list[Any]:
        return [pa.field(name, known.get(name, pa.string())) for name in names]

    inner = pa.struct(fields(list(Example.model_fields["provenance"].annotation.model_fields), provenance))  # type: ignore[union-attr]
    return pa.schema(fields(list(Example.model_fields), types | {"provenance": inner}))


@contextmanager
def _replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name only when it is whole."""
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as stream:
        yield stream
    temporary.replace(path)


@contextmanager
def _parquet(path: Path) -> Iterator[_Table]:
    with _replaced(path) as stream:
        table = _Table(stream)
        yield table
        table.close()


def _write(path: Path, text: str) -> None:
    with _replaced(path) as stream:
        stream.write(text.encode("utf-8", "surrogatepass"))
