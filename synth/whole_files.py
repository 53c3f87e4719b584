"""Files that are written whole or not at all: a temporary file beside the place, then a rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary stream whose content takes its place at `path` when the block ends well. Folders are made.

    After an error nothing is left; a process killed midway leaves the old file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_whole_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 file whole. Lone surrogates, which attacks may hold, are written as escapes."""
    with whole_file(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
