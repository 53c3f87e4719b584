"""A result file is read back as it was written, and garbage is told from it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.contract import ResultContract, ResultFileError, read_result
from eval.results import SuiteResult

Attacked = Callable[..., SuiteResult]


@pytest.fixture(scope="module")
def written(attacked: Attacked, planted: type, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("result") / "result.json"
    attacked(planted(leaks=150, away=100)).write(path)
    return path


def test_reading_gives_the_same_bytes(written: Path) -> None:
    result = read_result(written)
    assert result.to_json() == written.read_text(encoding="utf-8")
    assert result.must_reject.events > 5 and result.genuine.events > 0
    assert ResultContract.model_json_schema()["properties"]["version"]["const"] == "2"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.pop("version"), "version: missing"),
        (lambda data: data.update(version="1"), "version: '1'"),
        (lambda data: data.update(unknown=1), "unknown"),
        (lambda data: data["families"][0].update(leaks=-1), "families.0.leaks"),
        (lambda data: data["families"][0].update(leaks=10**6), "families.0"),
        (lambda data: data["families"][0].update(attempts=data["families"][0]["attempts"] + 1), "add up to"),
        (lambda data: data["totals"]["genuine"].update(false_rejections=0), "totals.genuine"),
        (lambda data: data["outcomes"].pop(), "add up to"),
        (lambda data: data["outcomes"].append(data["outcomes"][0]), "add up to|twice"),
        (lambda data: data["outcomes"][0]["genuine"].update(x=7), "outcomes.0.genuine"),
        (lambda data: data.update(shard="9/3"), "shard"),
        (lambda data: data["settings"].pop("seed"), "settings.seed"),
        (lambda data: data.update(outcomes="none"), "outcomes"),
    ],
)
def test_garbage_is_named_with_its_field(written: Path, tmp_path: Path, spoil, message: str) -> None:
    data = json.loads(written.read_text(encoding="utf-8"))
    spoil(data)
    path = tmp_path / "spoilt.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ResultFileError, match=message) as error:
        read_result(path)
    assert str(path) in str(error.value) and error.value.exit_code == 2


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", "\x00", '"text"'])
def test_what_is_no_json_object(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ResultFileError, match=r"x\.json"):
        read_result(path)
    with pytest.raises(ResultFileError, match="no such file"):
        read_result(tmp_path / "missing.json")
