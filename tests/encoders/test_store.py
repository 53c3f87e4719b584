"""The store gives back what was put, to every process, whatever happens to the writer."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders import EmbeddingStore, Encoder, StoredEncoder
from encoders.base import Progress, Role, Vectors, unit_rows
from encoders.key_index import KeyIndex


class LetterCountEncoder(Encoder):
    """A real, if simple, encoder: the unit vector of a text's letter counts; it counts the texts it encodes."""

    name, dimension, content_hash = "letters", 26, "ab" * 32

    def __init__(self) -> None:
        self.encoded = 0

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        self.encoded += len(texts)
        shift = 0.5 if role == "question" else 0.0
        counts = [[text.count(chr(97 + letter)) + shift for letter in range(26)] for text in texts]
        return unit_rows(np.array(counts))


@pytest.fixture
def texts() -> list[str]:
    return ["", "plants", "plants make sugar", "plants", "soleil é", "光合作用", "a" * 5000]


def test_second_use_computes_nothing_and_gives_the_same_vectors(tmp_path: Path, texts: list[str]) -> None:
    encoder = LetterCountEncoder()
    first = StoredEncoder(encoder, EmbeddingStore(tmp_path)).encode(texts)
    assert encoder.encoded == len(set(texts))
    again = StoredEncoder(encoder, EmbeddingStore(tmp_path)).encode(texts[::-1])[::-1]
    assert encoder.encoded == len(set(texts))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, LetterCountEncoder().encode(texts))


class LetterPairEncoder(LetterCountEncoder):
    """Its one inner layer counts the letters after each letter."""

    inner_layers = (1,)

    def _encode_deep(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        followed = np.array([[sum(map(text[1:].count, chr(97 + letter))) for letter in range(26)] for text in texts])
        inner = unit_rows(followed).astype(np.float16).astype(np.float32)
        return np.hstack([self._encode(texts, role, progress), inner])


def test_inner_layers_are_remembered_and_serve_the_vectors_too(tmp_path: Path, texts: list[str]) -> None:
    encoder = LetterPairEncoder()
    first = StoredEncoder(encoder, EmbeddingStore(tmp_path)).encode_deep(texts)
    np.testing.assert_array_equal(first, LetterPairEncoder().encode_deep(texts))
    assert encoder.encoded == len(set(texts))
    again = StoredEncoder(encoder, EmbeddingStore(tmp_path))
    np.testing.assert_array_equal(again.encode_deep(texts[::-1]), first[::-1])
    np.testing.assert_array_equal(again.encode(texts), first[:, :26])
    assert encoder.encoded == len(set(texts))
    again.encode(["new"])
    again.encode_deep(["new", *texts])
    assert encoder.encoded == len(set(texts)) + 2, "a text whose vector alone is known is encoded once more"


def test_roles_are_kept_apart(tmp_path: Path, texts: list[str]) -> None:
    stored = StoredEncoder(LetterCountEncoder(), EmbeddingStore(tmp_path))
    answers, questions = stored.encode(texts, "answer"), stored.encode(texts, "question")
    np.testing.assert_array_equal(questions, LetterCountEncoder().encode(texts, "question"))
    assert not np.array_equal(answers, questions)


def test_float16_halves_the_rows_and_says_the_same_before_and_after(tmp_path: Path, texts: list[str]) -> None:
    half = StoredEncoder(LetterCountEncoder(), EmbeddingStore(tmp_path / "half", precision="float16"))
    first = half.encode(texts)
    np.testing.assert_array_equal(first, half.encode(texts))
    np.testing.assert_allclose(first, LetterCountEncoder().encode(texts), atol=2.5e-4, rtol=0)
    full = EmbeddingStore(tmp_path / "full")
    StoredEncoder(LetterCountEncoder(), full).encode(texts)
    sizes = [next((tmp_path / name).rglob("vectors.bin")).stat().st_size for name in ("half", "full")]
    assert sizes[0] * 2 == sizes[1]
    # Opened again without a word about precision, it stays what it is.
    np.testing.assert_array_equal(
        first, StoredEncoder(LetterCountEncoder(), EmbeddingStore(tmp_path / "half")).encode(texts)
    )


def test_wrong_vectors_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\(2, 26\), not \(1, 26\)"):
        EmbeddingStore(tmp_path).put(LetterCountEncoder(), "answer", ["a", "b"], np.zeros((1, 26), np.float32))


def test_another_encoders_folder_is_refused(tmp_path: Path) -> None:
    encoder = LetterCountEncoder()
    StoredEncoder(encoder, EmbeddingStore(tmp_path)).encode(["a"])
    encoder.dimension = 27
    with pytest.raises(ValueError, match="dimension is 26, not 27"):
        EmbeddingStore(tmp_path).count(encoder)


def test_what_a_killed_writer_left_is_cut_off(tmp_path: Path) -> None:
    encoder = LetterCountEncoder()
    texts = [f"text {'ab' * number}" for number in range(40)]
    StoredEncoder(encoder, EmbeddingStore(tmp_path)).encode(texts[:20])
    folder = next(path.parent for path in tmp_path.rglob("keys.bin"))
    with (folder / "vectors.bin").open("ab") as file:  # rows whose keys were never written
        file.write(b"\x55" * 1000)
    with (folder / "keys.bin").open("ab") as file:  # and a key cut in the middle
        file.write(b"\x55" * 7)
    store = EmbeddingStore(tmp_path)
    assert store.count(encoder) == 20
    np.testing.assert_array_equal(StoredEncoder(encoder, store).encode(texts), LetterCountEncoder().encode(texts))
    assert EmbeddingStore(tmp_path).count(encoder) == 40
    assert (folder / "keys.bin").stat().st_size == 40 * 16
    assert (folder / "vectors.bin").stat().st_size == 40 * 26 * 4


def numbered_texts(first: int, last: int) -> list[str]:
    return [f"{number} abc" * (number % 7) + chr(97 + number % 26) * (number % 99) for number in range(first, last)]


WRITER = """
import sys
from tests.encoders.test_store import LetterCountEncoder, numbered_texts
from encoders import EmbeddingStore, StoredEncoder
encoder = LetterCountEncoder()
stored = StoredEncoder(encoder, EmbeddingStore(sys.argv[1]))
first, last = int(sys.argv[2]), int(sys.argv[3])
for start in range(first, last, 50):
    stored.encode(numbered_texts(start, start + 50))
    print(start + 50, encoder.encoded, flush=True)
"""


def writer(store: Path, first: int, last: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, str(store), str(first), str(last)]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


def test_killed_at_any_moment_nothing_that_was_reported_is_lost(tmp_path: Path) -> None:
    done = 0
    for delay in (0.0, 0.003, 0.011):
        process = writer(tmp_path, 0, 100_000)
        assert process.stdout is not None
        for _ in range(4 + done // 50):
            done = max(done, int(process.stdout.readline().split()[0]))
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        encoder = LetterCountEncoder()
        texts = numbered_texts(0, done)
        vectors, found = EmbeddingStore(tmp_path).get(encoder, "answer", texts)
        assert found.all()
        np.testing.assert_array_equal(vectors, encoder.encode(texts))


def test_several_writers_and_a_reader_share_a_store(tmp_path: Path) -> None:
    writers = [writer(tmp_path, first, first + 400) for first in (0, 0, 200)]
    encoder, store = LetterCountEncoder(), EmbeddingStore(tmp_path)
    counts = []
    while any(process.poll() is None for process in writers):
        counts.append(store.count(encoder))
    for process in writers:
        assert process.returncode == 0
        assert process.stdout is not None
        process.stdout.close()
    assert counts == sorted(counts)
    texts = numbered_texts(0, 600)
    vectors, found = store.get(encoder, "answer", texts)
    assert found.all()
    np.testing.assert_array_equal(vectors, encoder.encode(texts))
    assert store.count(encoder) == len(set(texts))


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.integers(0, 40), max_size=8),
    seed=st.integers(0, 1000),
    spread=st.sampled_from([2, 50, 2**63]),
)
def test_index_finds_every_key_and_no_other(groups: list[int], seed: int, spread: int) -> None:
    """Also when many keys share their first half."""
    rng = np.random.default_rng(seed)
    index, known = KeyIndex(), {}
    for size in groups:
        pairs = {
            (int(a), int(b)) for a, b in zip(rng.integers(0, spread, size), rng.integers(0, 60, size), strict=True)
        }
        new = [pair for pair in pairs if pair not in known]
        index.extend(np.array(new, np.uint64).reshape(-1, 2))
        known.update(zip(new, range(len(known), len(known) + len(new)), strict=True))
        if seed % 2:
            index.merge()
    absent = [(spread + 1, 0), (0, 61)]
    keys = np.array([*known, *absent], np.uint64).reshape(-1, 2)
    assert index.find(keys).tolist() == [*known.values(), -1, -1]
    assert len(index) == len(known)
