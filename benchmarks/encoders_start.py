"""From nothing to the first vector, in new processes: with a warm cache, and with the conversion; time and memory.

python benchmarks/encoders_start.py [--rounds 7] [--encoder e5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM = """
import resource, sys
from encoders import get_encoder
encoder = get_encoder(sys.argv[1], threads=int(sys.argv[2]))
encoder.encode(["Plants use light to make sugar from water and carbon dioxide."])
if sys.argv[3] == "many":
    encoder.encode([f"{number} " + "plants make sugar " * (number % 40) for number in range(2000)] + ["word " * 20000])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
"""


def once(encoder: str, threads: int, load: str, cache: str) -> tuple[float, float]:
    """Seconds from starting Python to its end, and the largest resident memory in megabytes."""
    started = time.perf_counter()
    output = subprocess.check_output(
        [sys.executable, "-c", PROGRAM, encoder, str(threads), load],
        env={**os.environ, "ANSWERGATE_CACHE": cache},
        text=True,
    )
    return time.perf_counter() - started, float(output.split()[-1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--encoder", default="e5")
    arguments = parser.parse_args()
    results: dict[str, list[tuple[float, float]]] = {"first use, with the conversion": [], "warm cache": []}
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as cache:
            for values in results.values():
                values.append(once(arguments.encoder, 1, "one", cache))
            last = once(arguments.encoder, 2, "many", cache)
    for name, values in results.items():
        seconds, megabytes = [value for value, _ in values], [value for _, value in values]
        print(f"{name}: {statistics.median(seconds):.2f} s (at most {max(seconds):.2f}), {max(megabytes):.0f} MB")
    print(f"2,000 texts and one of 20,000 words on two threads: {last[1]:.0f} MB")


if __name__ == "__main__":
    main()
