"""Near-duplicate search among 10,000, 100,000 and 1,000,000 answers: CPU seconds and memory in one process each.

The texts are sentences of 8 to 24 random words of a vocabulary of 4,000; one in ten is an earlier one with one word
changed. Printed: seconds, memory above the texts themselves, how many of the planted repeats were found, and how many
others (two sentences of random words that are similar by chance count as wrong here).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

SIZES = (10_000, 100_000, 1_000_000)


def texts_and_planted(count: int) -> tuple[list[str], dict[int, int]]:
    """Texts, and index of a repeat -> index of what it repeats."""
    dice = random.Random(0)
    letters = "abcdefghijklmnoprstuvz"
    vocabulary = ["".join(dice.choice(letters) for _ in range(dice.randint(3, 9))) for _ in range(4000)]
    texts: list[str] = []
    planted: dict[int, int] = {}
    for number in range(count):
        if number % 10 == 9:
            earlier = dice.randrange(number)
            words = texts[earlier].split()
            words[dice.randrange(len(words))] = dice.choice(vocabulary)
            planted[number] = earlier
        else:
            words = [dice.choice(vocabulary) for _ in range(dice.randint(8, 24))]
        texts.append(" ".join(words))
    return texts, planted


def measure(count: int) -> dict[str, float]:
    """One size in this process."""
    from synth.dedup.minhash import near_duplicates
    from synth.dedup.shingles import jaccard, shingles

    texts, planted = texts_and_planted(count)
    near_duplicates(texts[:100])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, cpu = time.monotonic(), time.process_time()
    result = near_duplicates(texts)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    similar = [n for n, at in planted.items() if jaccard(shingles(texts[n]), shingles(texts[at])) >= 0.8]
    found = sum(int(result.twin[number] >= 0) for number in similar)
    return {
        "texts": count,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "microseconds_per_text": round(cpu / count * 1e6, 1),
        "megabytes": memory // 1024,
        "planted_at_least_0.8": len(similar),
        "found": round(found / len(similar), 4),
        "others": result.repeats - sum(int(result.twin[number] >= 0) for number in planted),
    }


def main() -> None:
    """Each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, help="measure this size in this process and print JSON")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--json", help="write all numbers")
    arguments = parser.parse_args()
    if arguments.size:
        print(json.dumps(measure(arguments.size)))
        return
    rows = []
    for size in arguments.sizes:
        command = [sys.executable, __file__, "--size", str(size)]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
        rows.append(json.loads(done.stdout))
        print(rows[-1], flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
