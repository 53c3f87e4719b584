"""Flags that the commands of all rivals share."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_row_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of every command that grades a file."""
    parser.add_argument(
        "file", type=Path, help="answers: rows with answer (and question, language unless there is one)"
    )
    parser.add_argument("--support", type=Path, required=True, metavar="GRADED", help="graded file with the questions")
    parser.add_argument("--gate", default="bundled", help="a gate's folder, 'bundled' (default) or 'none'")
    parser.add_argument("--out", type=Path, help="write rows here (.jsonl, .jsonl.gz, .parquet, .csv)")
    parser.add_argument("--threads", type=int, default=2, help="encoder threads (default 2)")
