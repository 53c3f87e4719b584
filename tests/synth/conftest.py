"""A real HTTP server on the loopback address, and a graded file with questions."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SERVER = Path(__file__).parents[2] / "benchmarks" / "synth_server.py"


@pytest.fixture(scope="session")
def server_module() -> ModuleType:
    """`benchmarks/synth_server.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("synth_server", SERVER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["synth_server"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def serve(server_module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Start a server with a behaviour; stopped after the test."""
    with ExitStack() as stack:

        def start(**behaviour: Any) -> Any:
            return stack.enter_context(server_module.ChatServer(server_module.Behaviour(**behaviour)))

        yield start


@pytest.fixture
def graded_file(tmp_path: Path) -> Path:
    """Six English questions of two courses, with three graded answers each."""
    path = tmp_path / "graded.jsonl"
    rows = [
        {
            "question": f"Why does process {number} of the plant need light and water?",
            "answer": f"Answer {number} {text}",
            "grade": grade,
            "max_grade": 2,
            "language": "en",
            "reference": f"Because step {number} turns light into energy.",
            "group": f"course-{number % 2}",
        }
        for number in range(6)
        for grade, text in ((0, "nothing"), (1, "light is used"), (2, "light is turned into energy"))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
