"""Tables in and out: CSV, XLSX and JSON Lines as teachers' programs write them, and read them without harm.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is a formula to a spreadsheet (CWE-1236). Such
texts are written with a leading apostrophe, which spreadsheets take for "this is text", and read without it.
"""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from service.errors import InvalidError, TooLargeError
from service.schemas import RowError
from service.views import EXPORT_COLUMNS
from synth.graded import GradedAnswer

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
UNPACKED_BYTES = 50_000_000
"""An XLSX file is a zip archive; more than this is not unpacked."""
ANSWER_NAMES = ("answer", "text", "response")
GRADE_NAMES = ("grade", "score", "mark", "points")

Row = tuple[int, Mapping[str, Any]]


def read_graded_upload(name: str, content: bytes, limit: int) -> tuple[list[tuple[int, GradedAnswer]], list[RowError]]:
    """Graded answers of a file, by row number, and everything that is wrong with it.

    Args:
        name: its suffix tells the format: .csv (with commas, semicolons or tabs), .xlsx, .jsonl.
        limit: rows to read at most.

    Raises:
        InvalidError: the file as a whole cannot be read.
        TooLargeError: more rows than the limit, or a zip archive that unpacks to too much.
    """
    suffix = name.lower().rsplit(".", 1)[-1] if "." in name else ""
    readers = {"csv": _csv_rows, "tsv": _csv_rows, "xlsx": _xlsx_rows, "jsonl": _json_rows}
    if suffix not in readers:
        raise InvalidError("send a .csv, .xlsx or .jsonl file", field="file")
    answers: list[tuple[int, GradedAnswer]] = []
    errors: list[RowError] = []
    for number, row in readers[suffix](content):
        if len(answers) + len(errors) >= limit:
            raise TooLargeError(f"more than {limit} rows; split the file", field="file", code="too_many_answers")
        found = _graded_answer(number, row)
        if isinstance(found, RowError):
            errors.append(found)
        else:
            answers.append((number, found))
    return answers, errors


def csv_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = EXPORT_COLUMNS) -> bytes:
    """Rows as CSV in UTF-8, marked as such for spreadsheets."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(row.get(name)) for name in columns])
    return text.getvalue().encode("utf-8-sig", "replace")


def xlsx_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = EXPORT_COLUMNS) -> bytes:
    """Rows as an Excel workbook of one sheet."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("answers")
    sheet.append(list(columns))
    for row in rows:
        cells = []
        for name in columns:
            value = _harmless(row.get(name))
            if isinstance(value, str):
                cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:32_767])
                # openpyxl takes a text that begins with = for a formula unless it is told otherwise.
                cell.data_type = "s"
                cells.append(cell)
            else:
                cells.append(WriteOnlyCell(sheet, value))
        sheet.append(cells)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and (value.startswith(FORMULA_STARTS) or _is_guarded(value)):
        return "'" + value
    return value


def _is_guarded(value: str) -> bool:
    """Whether the text looks like one that `_harmless` made: apostrophes, then what begins a formula."""
    rest = value.lstrip("'")
    return len(rest) < len(value) and rest.startswith(FORMULA_STARTS)


def _as_written(value: Any) -> Any:
    return value[1:] if isinstance(value, str) and _is_guarded(value) else value


def _graded_answer(number: int, row: Mapping[str, Any]) -> GradedAnswer | RowError:
    folded = {str(name).strip().casefold(): value for name, value in row.items()}
    answer = next((folded[name] for name in ANSWER_NAMES if name in folded), None)
    grade = next((folded[name] for name in GRADE_NAMES if folded.get(name) not in (None, "")), None)
    if not any(name in folded for name in ANSWER_NAMES):
        return RowError(row=number, field="answer", message="missing; add a column 'answer'")
    if answer is not None and not isinstance(answer, str | int | float):
        return RowError(row=number, field="answer", message="not a text; put it in quotes")
    if grade is None:
        return RowError(row=number, field="grade", message="missing; add a column 'grade' and a number")
    value = _number(grade)
    if value is None:
        return RowError(row=number, field="grade", message="not a number; write a number such as 2 or 2.5")
    text = "" if answer is None else str(_as_written(answer))
    if _is_not_unicode(text):
        return RowError(row=number, field="answer", message="not Unicode text (a lone surrogate); write it again")
    return GradedAnswer(text.replace("\0", "\ufffd"), value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        # A German, French or Russian spreadsheet writes 2,5.
        value = value.strip().removeprefix("'").replace(",", ".")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _is_not_unicode(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def _decoded(content: bytes) -> str:
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidError(f"the file is not UTF-8 text ({error.reason}); save it as UTF-8", field="file") from None


def _csv_rows(content: bytes) -> Iterator[Row]:
    text = _decoded(content)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = next(reader, [])
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise InvalidError(f"line {reader.line_num}: {error}; save the file as CSV again", field="file") from None


def _json_rows(content: bytes) -> Iterator[Row]:
    for number, line in enumerate(_decoded(content).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        yield number, row if isinstance(row, dict) else {}


def _xlsx_rows(content: bytes) -> Iterator[Row]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise InvalidError(f"not an Excel workbook ({error}); save it as .xlsx", field="file") from None
    if unpacked > UNPACKED_BYTES:
        raise TooLargeError("the workbook is too large when unpacked", field="file")
    try:
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = workbook.worksheets[0]
        rows = sheet.iter_rows(values_only=True)
        yield from _sheet_rows(rows)
    except (InvalidError, TooLargeError):
        raise
    except Exception as error:
        # openpyxl raises whatever its parsers raise on a damaged file; the remedy is the same.
        raise InvalidError(f"not a readable workbook ({type(error).__name__}); save it again", field="file") from None


def _sheet_rows(rows: Iterable[Sequence[Any]]) -> Iterator[Row]:
    names: list[str] | None = None
    for number, cells in enumerate(rows, 1):
        if names is None:
            names = ["" if cell is None else str(cell) for cell in cells]
        elif any(cell not in (None, "") for cell in cells):
            yield number, dict(zip(names, cells, strict=False))
