"""Files of texts into the store, here and on Ray."""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from encoders import EmbeddingStore, Encoder, get_encoder
from encoders.commands import add_commands
from encoders.embedding import TextFileError, embed_files, embed_files_on_ray
from tests.encoders.conftest import ANSWERS

ROWS = [
    {"question": "Why are leaves green?", "answer": text, "grade": n if n % 2 else None}
    for n, text in enumerate(ANSWERS)
]
UNIQUE = len(set(ANSWERS)) + 1


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """The same rows in every format."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
    (tmp_path / "rows.jsonl").write_text(lines, "utf-8")
    with gzip.open(tmp_path / "rows.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(lines)
    table = pa.table({name: [row[name] for row in ROWS] for name in ("question", "answer")})
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    return [tmp_path / name for name in ("rows.jsonl", "rows.jsonl.gz", "rows.parquet")]


def test_every_format_gives_the_same_vectors(files: list[Path], e5: Encoder, tmp_path: Path) -> None:
    for file in files:
        store = EmbeddingStore(tmp_path / f"store of {file.name}")
        result = embed_files([file], e5, store)
        assert (result.texts, result.computed) == (2 * len(ROWS), UNIQUE)
        vectors, found = store.get(e5, "answer", ANSWERS)
        assert found.all()
        np.testing.assert_array_equal(vectors, e5.encode(ANSWERS))
        assert store.get(e5, "question", ["Why are leaves green?"])[1].all()


def test_a_second_time_computes_nothing(files: list[Path], e5: Encoder, tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path / "store")
    calls: list[tuple[int, int]] = []
    assert embed_files(files, e5, store, progress=lambda *call: calls.append(call)).computed == UNIQUE
    assert calls[-1] == (6 * len(ROWS), 6 * len(ROWS))
    assert embed_files(files, e5, store).computed == 0


def test_wrong_files_are_named(tmp_path: Path, e5: Encoder) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.jsonl").write_text('{"words": "text"}\n')
    (tmp_path / "c.jsonl").write_text('{"answer": "text"\n')
    (tmp_path / "d.parquet").write_text("no parquet")
    for name, message in {
        "a.txt": "unknown suffix",
        "b.jsonl": "none of the columns",
        "c.jsonl": "not readable",
        "d.parquet": "not readable",
        "e.jsonl": "is not a file",
    }.items():
        with pytest.raises(TextFileError, match=message) as caught:
            embed_files([tmp_path / name], e5, EmbeddingStore(tmp_path / "store"))
        assert str(tmp_path / name) in str(caught.value)


def test_command_fills_the_users_store(files: list[Path], cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    arguments = parser.parse_args(["embed", str(files[0]), "--threads", "1", "--column", "answer=question"])
    assert arguments.run(arguments) == 0
    assert f"{len(ROWS)} texts, {len(set(ANSWERS))} of them new" in capsys.readouterr().out
    store = EmbeddingStore(cache / "vectors")
    assert store.get(get_encoder("e5", threads=1), "question", ANSWERS)[1].all()
    arguments = parser.parse_args(["embed", str(files[0]), "--column", "answer=passage"])
    with pytest.raises(TextFileError, match="NAME=question or NAME=answer"):
        arguments.run(arguments)


@pytest.fixture(scope="module")
def ray_cluster(cache: Path) -> Iterator[str]:
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSWERGATE_CACHE", str(cache))
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield "local"
    ray.shutdown()


def test_ray_gives_the_same_vectors(files: list[Path], ray_cluster: str, e5: Encoder, tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path / "store")
    embed_files([files[0]], e5, EmbeddingStore(tmp_path / "other"))
    first = embed_files_on_ray(files, "e5", store, ray_cluster)
    assert (first.texts, first.computed) == (6 * len(ROWS), UNIQUE)
    np.testing.assert_array_equal(store.get(e5, "answer", ANSWERS)[0], e5.encode(ANSWERS))
    assert embed_files_on_ray(files, "e5", store, ray_cluster).computed == 0
