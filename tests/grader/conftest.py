"""Small graded questions, and a server that grades by rules."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from synth.graded import GradedAnswer, GradedQuestion
from tests.postgresql_server import running_postgresql

POSTGRESQL = "ANSWERGATE_TEST_POSTGRES"
SERVER = Path(__file__).parents[2] / "benchmarks" / "rivals_llm_server.py"
FACTS = ("water evaporates from the sea", "clouds form as vapour cools", "rain falls on the land")
NOISE = ("I think", "in my view", "as we learned", "so to say", "basically", "my teacher says")


def water_question(seed: int = 0, count: int = 30, maximum: float = 3.0) -> GradedQuestion:
    """Answers whose grade is the number of facts in them."""
    generator = np.random.default_rng(seed)
    answers = []
    for number in range(count):
        known = [fact for fact in FACTS if generator.random() < 0.55]
        text = f"{generator.choice(NOISE)} {' and '.join(known) or 'nothing much happens there'} ({number})"
        answers.append(GradedAnswer(text, maximum * len(known) / len(FACTS)))
    return GradedQuestion(
        f"water-{seed}",
        f"Describe the water cycle, part {seed}.",
        "en",
        maximum,
        tuple(answers),
        ("Water evaporates from the sea, clouds form as vapour cools, rain falls on the land.",),
    )


@pytest.fixture(scope="session")
def llm_server_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rivals_llm_server", SERVER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rivals_llm_server"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def llm_serve(llm_server_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Start a grading server with a behaviour; stopped after the test."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ExitStack() as stack:

        def start(**behaviour: Any) -> Any:
            return stack.enter_context(llm_server_module.GradingServer(llm_server_module.Behaviour(**behaviour)))

        yield start


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a database that may be emptied: the one named in the environment, or a server started for the tests."""
    if os.environ.get(POSTGRESQL):
        yield os.environ[POSTGRESQL]
        return
    with running_postgresql() as url:
        yield url
