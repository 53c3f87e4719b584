"""Files made once and kept in the user's cache directory: converted models, prepared vocabularies."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache_directory() -> Path:
    """Where answergate keeps what it can make again: ``$ANSWERGATE_CACHE``, else ``$XDG_CACHE_HOME/answergate``,
    else ``~/.cache/answergate``."""
    own = os.environ.get("ANSWERGATE_CACHE")
    if own:
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "answergate"


def vectors_directory() -> Path:
    """The embedding store of commands that are not told another."""
    return cache_directory() / "vectors"


def cached_file(name: str, make: Callable[[Path], None], directory: Path | None = None) -> Path:
    """The path of a file that ``make`` writes, made if it is not there yet or is damaged.

    The file appears under its name only when it is complete, with its SHA-256 beside it, so a process killed while
    making it leaves nothing that another would take for it. Of several processes that start at once one makes it
    and the others wait.

    Args:
        name: file name; it must contain a hash of everything the contents depend on.
        make: writes the file at the path it is given.
        directory: where to keep it; the cache directory by default.
    """
    from filelock import FileLock

    directory = directory or cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    path, digest_path = directory / name, directory / f"{name}.sha256"
    if _intact(path, digest_path):
        return path
    with FileLock(f"{path}.lock"):
        if _intact(path, digest_path):
            return path
        handle, temporary_name = tempfile.mkstemp(prefix=f"{name}.", suffix=".part", dir=directory)
        os.close(handle)
        temporary = Path(temporary_name)
        try:
            make(temporary)
            digest = file_digest(temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            digest_path.unlink(missing_ok=True)
            temporary.replace(path)
            temporary_digest = digest_path.with_suffix(".part")
            temporary_digest.write_text(digest + "\n")
            temporary_digest.replace(digest_path)
        finally:
            temporary.unlink(missing_ok=True)
    return path


def _intact(path: Path, digest_path: Path) -> bool:
    try:
        return digest_path.read_text().strip() == file_digest(path)
    except FileNotFoundError:
        return False


def file_digest(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
