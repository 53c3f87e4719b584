"""A real PostgreSQL server for the tests of storage."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def running_postgresql() -> Iterator[str]:
    """The URL of an empty database of a server started for the tests; a skip where there is none."""
    programs = _programs()
    if programs is None:
        pytest.skip(
            "no PostgreSQL here: install its server; tests of storage also take a URL in ANSWERGATE_TEST_POSTGRES"
        )
    # The server refuses to run as root; a short path, because the name of a socket may have 107 bytes.
    account = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if account:
        shutil.chown(folder, account)
    data = folder / "data"
    _run([programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"], account, folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    server = [programs / "pg_ctl", "-D", data, "-w"]
    try:
        _run([*server, "-l", folder / "log", "-o", options, "start"], account, folder)
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*server, "-m", "immediate", "stop"], user=account, cwd=folder, capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _programs():
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "pg_ctl").exists()), None)


def _run(command, account, folder):
    done = subprocess.run(command, user=account, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"PostgreSQL does not start here: {done.stderr.strip()[-300:]}")
