"""Commands of this room: `answergate embed` and `answergate encoders`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any


def add_commands(subparsers: Any) -> None:
    """Add the room's commands to the command line."""
    embed = subparsers.add_parser("embed", help="compute the vectors of files of texts into the embedding store")
    embed.add_argument("files", type=Path, nargs="+", metavar="FILE", help="rows (.jsonl, .jsonl.gz, .parquet, .csv)")
    embed.add_argument("--encoder", default="e5", help="encoder (default e5); `answergate encoders` lists them")
    embed.add_argument("--cache", type=Path, help="folder of the embedding store (default: the user's cache)")
    embed.add_argument(
        "--column", action="append", default=[], metavar="NAME=ROLE",
        help="a column of texts and its role, question or answer (default: question, answer and reference)",
    )  # fmt: skip
    embed.add_argument("--threads", type=int, help="encoder threads (default: the available cores; on Ray 1)")
    embed.add_argument("--ray-address", metavar="ADDRESS", help="compute on a Ray cluster, for example 'auto'")
    embed.set_defaults(run=run_embed)

    listing = subparsers.add_parser("encoders", help="list the encoders")
    listing.set_defaults(run=run_encoders)


def run_embed(arguments: argparse.Namespace) -> int:
    """Fill the store and say where it is."""
    from encoders.cache import vectors_directory
    from encoders.embedding import COLUMNS, TextFileError, embed_files, embed_files_on_ray
    from encoders.registry import get_encoder
    from encoders.store import EmbeddingStore

    columns: dict[str, Any] = dict(item.partition("=")[::2] for item in arguments.column) or dict(COLUMNS)
    for name, role in columns.items():
        if role not in ("question", "answer"):
            raise TextFileError(f"--column {name}={role}: write NAME=question or NAME=answer")
    store = EmbeddingStore(arguments.cache or vectors_directory())
    progress = _ProgressLine()
    if arguments.ray_address:
        result = embed_files_on_ray(
            arguments.files, arguments.encoder, store, arguments.ray_address, arguments.threads or 1, columns, progress
        )
    else:
        encoder = get_encoder(arguments.encoder, threads=arguments.threads)
        result = embed_files(arguments.files, encoder, store, columns, progress)
    print(f"{result.texts:,} texts, {result.computed:,} of them new, in {result.seconds:.1f} s: {store.directory}")
    return 0


def run_encoders(arguments: argparse.Namespace) -> int:
    """Print the registry."""
    from encoders.registry import available_encoders

    for name, summary in available_encoders().items():
        print(f"{name:8}{summary}")
    return 0


class _ProgressLine:
    """Count, rate and time left on one line of a terminal's standard error; silent where that is no terminal."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        rate = done / max(time.monotonic() - self._started, 1e-9)
        left = (total - done) / rate if rate else 0.0
        end = "\n" if done >= total else ""
        print(f"\rtexts {done:,}/{total:,}  {rate:,.0f}/s  {left:,.0f} s left ", end=end, file=sys.stderr, flush=True)
