"""Measure the language detectors on short answers: what each catches, turns away wrongly, takes in time and memory.

Two sets: `short`, four parallel school answers of two to twelve words in each of the languages of
tests/synth/data/school_answers.tsv, and `bank`, genuine answers of the bundled bank. Every text is checked against its
own language (a hit is a false alarm) and against each of the others (a miss is a wrong language let through). Each
detector runs in a process of its own, one thread, CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

SENTENCES = Path(__file__).parents[1] / "tests" / "synth" / "data" / "school_answers.tsv"
BANK_TEXTS = 1500


def texts() -> dict[str, list[tuple[str, str]]]:
    """Name of the set -> (language, text)."""
    from synth.bank import load_bank
    from synth.detectors import is_checkable

    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    bank = [
        (example.language, example.answer)
        for example in load_bank().examples()
        if example.relevant and is_checkable(example.answer) and "benign_hard" not in example.provenance.parameters
    ]
    random.Random(0).shuffle(bank)
    pairs = [tuple(line.split("\t")) for line in lines]
    return {"short": [(pair[0], pair[1]) for pair in pairs], "bank": bank[:BANK_TEXTS]}


def measure(name: str) -> list[dict[str, object]]:
    """One detector on both sets."""
    from synth.detectors import get_detector, is_wrong_language

    sets = texts()
    languages = sorted({language for language, _ in sets["short"]})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    detector = get_detector(name)
    for _, text in sets["short"]:
        detector.probabilities(text)
    load = time.process_time() - started
    rows: list[dict[str, object]] = []
    for label, pairs in sets.items():
        started = time.process_time()
        false_alarms = sum(is_wrong_language(text, own, detector) is not None for own, text in pairs)
        seconds = time.process_time() - started
        others = [(text, other) for own, text in pairs for other in languages if other != own]
        if label == "bank":
            others = random.Random(1).sample(others, 6000)
        caught = sum(is_wrong_language(text, other, detector) is not None for text, other in others)
        rows.append(
            {
                "detector": name,
                "set": label,
                "texts": len(pairs),
                "languages": len({own for own, _ in pairs}),
                "false_alarms": round(false_alarms / len(pairs), 4),
                "wrong_pairs": len(others),
                "caught": round(caught / len(others), 4),
                "ms_per_text": round(seconds / len(pairs) * 1000, 3),
                "load_seconds": round(load, 2),
                "memory_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
            }
        )
    return rows


def main() -> None:
    """Run every detector in its own process and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", help="measure this one in this process and print JSON")
    parser.add_argument("--json", help="write all numbers")
    arguments = parser.parse_args()
    if arguments.detector:
        print(json.dumps(measure(arguments.detector)))
        return
    from synth.detectors import DETECTORS

    rows: list[dict[str, object]] = []
    for name in DETECTORS:
        command = [sys.executable, __file__, "--detector", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
            continue
        rows += json.loads(done.stdout)
    print("| detector | set | false alarms | caught | ms a text | load s | MB |\n|---|---|---|---|---|---|---|")
    for row in rows:
        size = f"{row['set']} ({row['texts']}, {row['languages']} languages)"
        quality = f"{row['false_alarms']:.2%} | {row['caught']:.2%}"
        print(
            f"| {row['detector']} | {size} | {quality} | {row['ms_per_text']:.2f} | {row['load_seconds']:.1f}"
            f" | {row['memory_mb']} |"
        )
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
