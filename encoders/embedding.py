"""Whole files of texts into a store: on this machine, or on a Ray cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args

import numpy as np

from encoders.base import Encoder, Progress, Role, Vectors
from encoders.registry import get_encoder
from encoders.store import EmbeddingStore, StoredEncoder

COLUMNS: Mapping[str, Role] = {"question": "question", "answer": "answer", "reference": "answer"}
"""The columns of example and graded files that hold texts, and what each is to the encoder."""

_TEXTS_AT_A_TIME = 8192
_TEXTS_PER_TASK = 512
_TEXTS_ON_RAY_AT_A_TIME = 200_000
_FORMATS = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv"}


class TextFileError(ValueError):
    """A file that no texts can be read from; the message names the file and what to do."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class Embedded:
    """What embedding files came to.

    Attributes:
        texts: texts read, repeated ones too.
        computed: vectors that were not in the store.
        seconds: wall-clock time.
    """

    texts: int
    computed: int
    seconds: float


def embed_files(
    files: Sequence[Path],
    encoder: Encoder,
    store: EmbeddingStore,
    columns: Mapping[str, Role] = COLUMNS,
    progress: Progress | None = None,
) -> Embedded:
    """Put the vectors of all texts of files into a store; stopped and begun again, it goes on where it was.

    Args:
        files: JSON Lines (also gzipped), Parquet or CSV.
        encoder: computes what the store does not have.
        store: where the vectors go.
        columns: columns to read, those that a file has, and the role of each.
        progress: called with the texts done and the texts in all.

    Raises:
        TextFileError: a file cannot be read, or has none of the columns.
    """
    started, before = time.monotonic(), store.count(encoder)
    stored = StoredEncoder(encoder, store)
    total, done = count_texts(files, columns), 0
    for role, texts in read_texts(files, columns):
        stored.encode(texts, role, None if progress is None else _shifted(progress, done, total))
        done += len(texts)
    return Embedded(done, store.count(encoder) - before, time.monotonic() - started)


def embed_files_on_ray(
    files: Sequence[Path],
    encoder_name: str,
    store: EmbeddingStore,
    address: str | None = None,
    threads: int = 1,
    columns: Mapping[str, Role] = COLUMNS,
    progress: Progress | None = None,
) -> Embedded:
    """As ``embed_files``, computed by all CPUs of a Ray cluster through Ray Data; this process alone writes the store.

    Args:
        encoder_name: for ``get_encoder``, here and on every worker, which must give the same content hash.
        address: of the cluster (``"auto"`` for the one this machine is in); by default one of this machine's cores.
        threads: CPUs of each worker.

    Raises:
        TextFileError: a file cannot be read, or has none of the columns.
        EncoderUnavailable: the encoder cannot be had here.
    """
    import logging

    import ray

    logging.getLogger("ray.data").setLevel(logging.WARNING)
    started, encoder = time.monotonic(), get_encoder(encoder_name, threads=1)
    before, done = store.count(encoder), 0
    total = count_texts(files, columns)
    ray.init(address=address or "local", ignore_reinit_error=True, log_to_driver=False, logging_level="warning")
    workers = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
    waiting: dict[tuple[Role, str], None] = {}

    def compute() -> None:
        for role in get_args(Role):
            texts = [text for own, text in waiting if own == role]
            if texts:
                for batch, vectors in _on_ray(texts, role, encoder, threads, workers):
                    store.put(encoder, role, batch, vectors)
        waiting.clear()
        if progress is not None:
            progress(done, total)

    for role, texts in read_texts(files, columns):
        _, found = store.get(encoder, role, texts)
        waiting.update(((role, text), None) for text, known in zip(texts, found.tolist(), strict=True) if not known)
        done += len(texts)
        if len(waiting) >= _TEXTS_ON_RAY_AT_A_TIME:
            compute()
    compute()
    return Embedded(done, store.count(encoder) - before, time.monotonic() - started)


def read_texts(files: Sequence[Path], columns: Mapping[str, Role]) -> Iterator[tuple[Role, list[str]]]:
    """The texts of files, some thousands at a time, all of one role.

    Raises:
        TextFileError: a file cannot be read, or has none of the columns.
    """
    import pyarrow as pa

    for file in files:
        dataset, present = _open(file, columns)
        try:
            for batch in dataset.to_batches(columns=present, batch_size=_TEXTS_AT_A_TIME):
                for name in present:
                    texts = [text for text in batch.column(name).cast(pa.string()).to_pylist() if text is not None]
                    if texts:
                        yield columns[name], texts
        except (pa.ArrowException, OSError) as error:
            raise TextFileError(f"{file}: not readable ({error}); make the file again") from error


def count_texts(files: Sequence[Path], columns: Mapping[str, Role]) -> int:
    """How many texts ``read_texts`` will give, empty fields of the columns counted too."""
    total = 0
    for file in files:
        dataset, present = _open(file, columns)
        total += dataset.count_rows() * len(present)
    return total


def _open(file: Path, columns: Mapping[str, Role]) -> tuple[Any, list[str]]:
    """A file as an Arrow dataset, and which of the columns it has."""
    import pyarrow as pa
    import pyarrow.dataset
    import pyarrow.json

    suffixes = [suffix.lower() for suffix in file.suffixes if suffix.lower() != ".gz"]
    name = _FORMATS.get(suffixes[-1]) if suffixes else None
    if name is None or not file.is_file():
        why = "is not a file" if not file.is_file() else "has an unknown suffix"
        raise TextFileError(f"{file} {why}; give .jsonl, .jsonl.gz, .parquet or .csv files")
    form: Any = name
    if name == "json":
        # Only the columns wanted are looked at: others may change their type from row to row.
        schema = pa.schema([(column, pa.string()) for column in columns])
        options = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        form = pyarrow.dataset.JsonFileFormat(parse_options=options)
    try:
        dataset = pyarrow.dataset.dataset(file, format=form)
        present = [column for column in columns if column in dataset.schema.names]
        if name == "json":
            head = dataset.head(1000)
            present = [column for column in present if head.column(column).null_count < len(head)]
    except (pa.ArrowException, OSError) as error:
        raise TextFileError(f"{file}: not readable ({error}); make the file again") from error
    if not present:
        raise TextFileError(f"{file}: none of the columns {', '.join(columns)}; name the file's own columns")
    return dataset, present


def _shifted(progress: Progress, done: int, total: int) -> Progress:
    return lambda part, _: progress(done + part, total)


class _RayWorker:
    """Encodes blocks of texts on a Ray worker."""

    def __init__(self, name: str, content_hash: str, threads: int, role: Role) -> None:
        self._encoder, self._role = get_encoder(name, threads=threads), role
        if self._encoder.content_hash != content_hash:
            raise RuntimeError(
                f"encoder {name!r} is not the same on this worker ({self._encoder.content_hash[:12]}) as on the driver "
                f"({content_hash[:12]}); install the same versions on all machines of the cluster"
            )

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        batch["vector"] = self._encoder.encode(batch["text"].tolist(), self._role)
        return batch


def _on_ray(
    texts: list[str], role: Role, encoder: Encoder, threads: int, workers: int
) -> Iterator[tuple[list[str], Vectors]]:
    """Texts and their vectors, block by block as they are done, in no fixed order."""
    import pyarrow as pa
    import ray

    ray.data.DataContext.get_current().enable_progress_bars = False
    blocks = [pa.table({"text": texts[at : at + _TEXTS_PER_TASK]}) for at in range(0, len(texts), _TEXTS_PER_TASK)]
    encoded = ray.data.from_arrow(blocks).map_batches(
        _RayWorker,
        fn_constructor_args=(encoder.name, encoder.content_hash, threads, role),
        batch_size=None,
        num_cpus=threads,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
    )
    for batch in encoded.iter_batches(batch_size=None, batch_format="numpy"):
        yield batch["text"].tolist(), np.stack(batch["vector"]).astype(np.float32)
