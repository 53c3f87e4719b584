"""Tabular files as plain rows: JSON Lines (also gzipped), Parquet, CSV. One reader and one writer for every room."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from synth.errors import DataFileError, RowProblem
from synth.whole_files import whole_file

Row = dict[str, Any]
SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet", ".csv")


def table_format(path: Path) -> str:
    """The suffix that decides the format.

    Raises:
        DataFileError: the name ends in none of `SUFFIXES`.
    """
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.lower().endswith(suffix):
            return suffix
    raise DataFileError(f"{path}: unknown file type; use one of {', '.join(SUFFIXES)}")


def read_rows(path: str | os.PathLike[str]) -> Iterator[tuple[int, Row]]:
    """Yield (row number, row). Row numbers are the file's lines, counted from 1 (for Parquet: rows).

    Raises:
        DataFileError: the file is missing or unreadable. Lines that are not JSON objects are collected and raised
            together when the file ends, after all good rows have been yielded.
    """
    path = Path(path)
    suffix = table_format(path)
    if not path.is_file():
        raise DataFileError(f"{path}: no such file; check the path")
    try:
        if suffix == ".parquet":
            yield from _read_parquet(path)
        elif suffix == ".csv":
            yield from _read_csv(path)
        else:
            yield from _read_json_lines(path, compressed=suffix == ".jsonl.gz")
    except (gzip.BadGzipFile, EOFError) as error:
        raise DataFileError(f"{path}: not a complete gzip file ({error}); make or download it again") from error
    except UnicodeDecodeError as error:
        raise DataFileError(f"{path}: not UTF-8 ({error}); save it again as UTF-8") from error


def write_rows(path: str | os.PathLike[str], rows: Iterable[Row], columns: Sequence[str] | None = None) -> int:
    """Write rows whole or not at all (a temporary file, then a rename). Returns the number of rows.

    The same rows give the same bytes. `columns` fixes the columns of a CSV file; by default those of the first row.
    """
    path = Path(path)
    suffix = table_format(path)
    with whole_file(path) as stream:
        return _write(stream, suffix, rows, columns)


def _read_json_lines(path: Path, compressed: bool) -> Iterator[tuple[int, Row]]:
    problems: list[RowProblem] = []
    with (
        cast(BinaryIO, gzip.open(path, "rb") if compressed else path.open("rb")) as raw,
        io.TextIOWrapper(raw, encoding="utf-8-sig", newline="\n") as lines,
    ):
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                problems.append(
                    RowProblem(str(path), number, "line", f"not JSON ({error})", "write one JSON object a line")
                )
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                problems.append(
                    RowProblem(str(path), number, "line", "not a JSON object", 'write {"question": …, "answer": …}')
                )
    if problems:
        raise DataFileError(f"{path}: {len(problems)} unreadable line(s)", problems)


def _read_csv(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        for row in reader:
            yield (
                reader.line_num,
                {key: value for key, value in row.items() if key is not None and value not in (None, "")},
            )


def _read_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pyarrow.ArrowInvalid as error:
        raise DataFileError(f"{path}: not a Parquet file ({error}); make or download it again") from error


def _write(stream: IO[bytes], suffix: str, rows: Iterable[Row], columns: Sequence[str] | None) -> int:
    if suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.Table.from_pylist(list(rows))
        pyarrow.parquet.write_table(table, stream)
        return int(table.num_rows)
    if suffix == ".csv":
        return _write_csv(stream, rows, columns)
    if suffix == ".jsonl.gz":
        # No time stamp and no name inside, or the same rows would give other bytes each time.
        with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=0) as compressed:
            return _write_json_lines(cast(BinaryIO, compressed), rows)
    return _write_json_lines(stream, rows)


def _write_json_lines(stream: IO[bytes], rows: Iterable[Row]) -> int:
    count = 0
    for row in rows:
        stream.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        count += 1
    return count


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _write_csv(stream: IO[bytes], rows: Iterable[Row], columns: Sequence[str] | None) -> int:
    buffered = list(rows)
    names = list(columns if columns is not None else (buffered[0] if buffered else ()))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, extrasaction="ignore")
    writer.writeheader()
    # A cell holds text alone: lists and mappings go in as JSON, which other programs can read.
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in buffered)
    stream.write(text.getvalue().encode("utf-8", "surrogatepass"))
    return len(buffered)
