"""A million texts through the embedding store: rates, memory, and a writer killed half-way.

    python benchmarks/encoders_store.py [--texts 1000000] [--folder FOLDER]

The vectors are made from the texts' hashes, so that the store's own cost is what is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from encoders import EmbeddingStore, Encoder, StoredEncoder
from encoders.base import Progress, Role, Vectors, unit_rows

AT_A_TIME = 4096


class HashEncoder(Encoder):
    """384 numbers from each text's hash; it counts what it encodes."""

    name, dimension, content_hash = "hash", 384, hashlib.sha256(b"hash encoder").hexdigest()

    def __init__(self) -> None:
        self.encoded = 0

    def _encode(self, texts: list[str], role: Role, progress: Progress | None) -> Vectors:
        self.encoded += len(texts)
        octets = b"".join(hashlib.shake_128(text.encode()).digest(self.dimension) for text in texts)
        return unit_rows(np.frombuffer(octets, np.uint8).reshape(len(texts), -1).astype(np.float32) - 127.5)


def texts_from(start: int, stop: int) -> list[str]:
    """Invented answers, each with its number."""
    body = "plants make sugar from water and light, and give off oxygen."
    return [f"Answer {number}: {body}" for number in range(start, stop)]


def memory() -> tuple[float, float]:
    """Megabytes of this process: its own, and with the pages of mapped files."""
    pages = [int(field) for field in Path("/proc/self/statm").read_text().split()]
    size = os.sysconf("SC_PAGE_SIZE") / 1e6
    return (pages[1] - pages[2]) * size, pages[1] * size


def fill(folder: Path, count: int) -> None:
    """Encode all texts through the store, saying how far it is."""
    encoder = HashEncoder()
    stored = StoredEncoder(encoder, EmbeddingStore(folder))
    for start in range(0, count, AT_A_TIME):
        stored.encode(texts_from(start, min(start + AT_A_TIME, count)))
        own, mapped = memory()
        print(start + AT_A_TIME, encoder.encoded, f"{own:.0f} {mapped:.0f}", flush=True)


def read(folder: Path, count: int) -> None:
    """Read all vectors in an order of no meaning, check them, and print rates."""
    encoder, store = HashEncoder(), EmbeddingStore(folder)
    started = time.perf_counter()
    assert store.count(encoder) == count
    print(f"opened in {time.perf_counter() - started:.2f} s")
    stored = StoredEncoder(encoder, store)
    seconds, peak = 0.0, 0.0
    starts = np.random.default_rng(0).permutation(range(0, count, AT_A_TIME)).tolist()
    for number, start in enumerate(starts):
        texts = texts_from(start, min(start + AT_A_TIME, count))
        started = time.perf_counter()
        vectors = stored.encode(texts)
        seconds += time.perf_counter() - started
        peak = max(peak, memory()[0])
        if number % 20 == 0:
            np.testing.assert_array_equal(vectors, HashEncoder().encode(texts))
    assert encoder.encoded == 0
    one = []
    for number in np.random.default_rng(1).integers(0, count, 2000).tolist():
        text = texts_from(number, number + 1)
        started = time.perf_counter()
        stored.encode(text)
        one.append(time.perf_counter() - started)
    print(f"read {count / seconds:,.0f} texts/s; one text {np.median(one) * 1e6:.0f} microseconds (median of 2,000)")
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"the reader's own memory at most {peak:.0f} MB, largest resident {largest:.0f} MB")


def child(mode: str, folder: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, mode, "--texts", str(count), "--folder", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def measure(folder: Path, count: int) -> None:
    """Write half, kill the writer, go on, read."""
    started = time.perf_counter()
    first = child("fill", folder, count)
    assert first.stdout is not None
    for line in first.stdout:
        reported = int(line.split()[0])
        if reported >= count // 2:
            break
    time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    half = time.perf_counter() - started
    rate = reported / half
    print(f"killed (-9) after {reported:,} texts were reported: {rate:,.0f} texts/s, every batch on the disk")

    started = time.perf_counter()
    second = child("fill", folder, count)
    assert second.stdout is not None
    lines = [line.split() for line in second.stdout]
    assert second.wait() == 0
    recomputed = int(lines[-1][1]) - (count - reported)
    print(f"continued to {count:,} in {time.perf_counter() - started:.1f} s; of the texts reported before the kill "
          f"{max(recomputed, 0)} were computed again")  # fmt: skip
    for share in (0.25, 0.5, 0.75, 1.0):
        _, _, own, mapped = lines[int(share * len(lines)) - 1]
        print(f"  writer at {share:4.0%}: {own} MB its own, {mapped} MB with mapped pages")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"on the disk {size / 1e6:,.0f} MB, {size / count:.0f} bytes a text")
    third = child("read", folder, count)
    print(third.communicate()[0].strip())


def main() -> None:
    """Run the measurement, or one of its processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", nargs="?", choices=["measure", "fill", "read"], default="measure")
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="an empty folder; a temporary one by default")
    arguments = parser.parse_args()
    run = {"measure": measure, "fill": fill, "read": read}[arguments.mode]
    if arguments.folder:
        run(arguments.folder, arguments.texts)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(Path(folder), arguments.texts)


if __name__ == "__main__":
    main()
