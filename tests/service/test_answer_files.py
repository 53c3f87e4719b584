"""Tables: whatever is uploaded is read or refused in words, whatever is exported comes back and runs nothing."""

import csv
import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from service.answer_files import FORMULA_STARTS, csv_table, read_graded_upload, xlsx_table
from service.errors import InvalidError, ServiceError, TooLargeError

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
FORMULAS = st.sampled_from(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''+1", "'plain", '=HYPERLINK("x")'])


def texts_and_grades(text: str, grade: float) -> dict[str, object]:
    return {"answer": text, "grade": grade}


def read(name: str, content: bytes) -> list[tuple[str, float]]:
    answers, errors = read_graded_upload(name, content, 1000)
    assert not errors
    return [(answer.text, answer.grade) for _, answer in answers]


@QUICK
@given(st.lists(st.tuples(TEXTS | FORMULAS, st.integers(0, 10)), min_size=1, max_size=8))
def test_csv_comes_back_as_it_went_out(rows) -> None:
    content = csv_table([texts_and_grades(*row) for row in rows])
    assert read("a.csv", content) == [(text.replace("\0", "\ufffd"), grade) for text, grade in rows]
    cells = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert not any(cell.startswith(FORMULA_STARTS) for row in cells for cell in row)


@QUICK
@given(st.lists(FORMULAS | st.text(st.characters(min_codepoint=32, max_codepoint=0x24F)), min_size=1, max_size=4))
def test_workbooks_come_back_and_hold_no_formula(texts) -> None:
    content = xlsx_table([texts_and_grades(text, 1) for text in texts])
    assert [text for text, _ in read("a.xlsx", content)] == texts
    cells = [cell for row in load_workbook(io.BytesIO(content)).worksheets[0].iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]


@QUICK
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.tsv", "a.jsonl", "a.xlsx", "a", "a.exe"]))
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    try:
        answers, errors = read_graded_upload(name, content, 1000)
    except ServiceError as error:
        assert error.message
    else:
        assert all(isinstance(answer.text, str) for _, answer in answers)
        assert all(error.row >= 1 and error.message for error in errors)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["answer", "grade", "x"]), inner),
    max_leaves=6,
)


@QUICK
@given(st.lists(JSON, max_size=5))
def test_any_json_lines_are_read_or_named(values) -> None:
    content = "\n".join(json.dumps(value) for value in values).encode("utf-8", "replace")
    answers, errors = read_graded_upload("a.jsonl", content, 1000)
    assert len(answers) + len(errors) == len(values)


@QUICK
@given(st.lists(st.lists(TEXTS, max_size=4), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_any_csv_is_read_or_named(rows, delimiter: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([["answer", "grade"], *rows])
    answers, errors = read_graded_upload("a.csv", stream.getvalue().encode(), 1000)
    assert len(answers) + len(errors) <= len(rows)
    assert all(answer.grade == answer.grade for _, answer in answers)


@pytest.mark.parametrize(
    "content",
    [
        "answer;grade\nthe tilt;1,5\n",
        "Answer\tGrade\nthe tilt\t1.5\n",
        "\ufeffscore,response,comment\r\n1.5,the tilt,good\r\n",
    ],
)
def test_spreadsheets_of_every_country(content: str) -> None:
    assert read("a.csv", content.encode()) == [("the tilt", 1.5)]
    assert read("a.csv", content.lstrip("\ufeff").encode("utf-16")) == [("the tilt", 1.5)]


def test_all_bad_rows_are_named_at_once() -> None:
    answers, errors = read_graded_upload("a.csv", b"answer,grade\na,1\nb,\nc,x\nd,nan\n,2\n", 1000)
    assert [(number, answer.text) for number, answer in answers] == [(2, "a"), (6, "")]
    assert [(error.row, error.field) for error in errors] == [(3, "grade"), (4, "grade"), (5, "grade")]
    with pytest.raises(TooLargeError, match="more than 2 rows"):
        read_graded_upload("a.csv", b"answer,grade\na,1\nb,1\nc,1\n", 2)
    with pytest.raises(InvalidError, match="not UTF-8"):
        read_graded_upload("a.csv", "answer,grade\nü,1\n".encode("latin-1"), 2)


def test_numbers_in_a_workbook_are_answers_too() -> None:
    workbook = Workbook()
    workbook.active.append(["answer", "grade"])
    workbook.active.append([42, 2])
    workbook.active.append([None, None])
    workbook.active.append(["=1+1", "x"])
    stream = io.BytesIO()
    workbook.save(stream)
    answers, errors = read_graded_upload("a.xlsx", stream.getvalue(), 10)
    assert [(number, answer.text) for number, answer in answers] == [(2, "42")]
    assert [error.row for error in errors] == [4]


def test_a_zip_bomb_is_not_unpacked() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * 60_000_000)
    assert len(stream.getvalue()) < 100_000
    with pytest.raises(TooLargeError, match="unpacked"):
        read_graded_upload("a.xlsx", stream.getvalue(), 10)
