"""Hyperparameter search: a number of trials on many pairs, embeddings cached, with the wall time of the search alone.

    python benchmarks/relevance_search.py --out runs/search-benchmark
    python benchmarks/relevance_search.py --out runs/search-benchmark --resume     # after a kill

The pairs are the bank's, with one attack of every must_reject family on every question. Encoding them (once, into the
store) and building the episodes come before and are timed apart. The search takes `--concurrent` cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

from encoders import open_encoder
from relevance.corpus import from_bank, with_attacks
from relevance.pipeline import GateTrainingData, make_training_data
from relevance.reports.search_page import write_search_page
from relevance.search import search
from synth.attacks import choose_families
from synth.bank import load_bank


def training_data(languages: list[str] | None, threads: int, seed: int) -> GateTrainingData:
    """Episodes of the bank with its attacks."""
    items = with_attacks(from_bank(load_bank(languages)), choose_families("must_reject"), 1, seed)
    return make_training_data(items, open_encoder("e5", threads), seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the search")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--concurrent", type=int, default=2, help="trials at one time, a core each (default 2)")
    parser.add_argument("--languages", help="languages of the bank, by commas (default: all)")
    parser.add_argument("--ray-address", help="an existing cluster")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2, help="encoder threads")
    arguments = parser.parse_args()

    begun = time.perf_counter()
    data = training_data(
        arguments.languages.split(",") if arguments.languages else None, arguments.threads, arguments.seed
    )
    prepared = time.perf_counter()
    print(f"{len(data.table)} pairs ready after {prepared - begun:.0f} s", flush=True)
    result = search(
        data,
        arguments.out,
        arguments.trials,
        arguments.epochs,
        arguments.seed,
        arguments.resume,
        arguments.ray_address,
        arguments.concurrent,
        quiet=False,
    )
    seconds = time.perf_counter() - prepared
    result.write(arguments.out / "trials.json")
    result.write(arguments.out / "trials.csv")
    write_search_page(arguments.out / "report.html", result)
    driver = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "pairs": len(data.table),
                "trials": len(result.trials),
                "epochs": sum(trial.epochs for trial in result.trials),
                "trial_seconds": round(sum(trial.seconds for trial in result.trials), 1),
                "search_seconds": round(seconds, 1),
                "driver_memory_mb": round(driver),
                "best": {"objective": round(result.trials[0].objective, 4), **result.best.as_dict()},
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
