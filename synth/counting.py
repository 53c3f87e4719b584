"""Progress of commands that count."""

from __future__ import annotations

import sys
from collections.abc import Callable


def counts_on_stderr(line: str) -> Callable[[int, int], None]:
    """Counts on standard error: one line that is rewritten in a terminal, a line now and then elsewhere.

    Args:
        line: with the places `{done}` and `{total}`.
    """
    rewriting = sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        text = line.format(done=done, total=total)
        if rewriting:
            print(f"\r{text}", end="" if done < total else "\n", file=sys.stderr, flush=True)
        elif done == total or done % max(1, total // 10) == 0:
            print(text, file=sys.stderr, flush=True)

    return show
