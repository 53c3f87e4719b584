"""The rooms import only from the rooms above them, and importing them stays cheap."""

import subprocess
import sys

import grimp
import pytest

ROOMS = ("prompts", "encoders", "synth", "relevance", "grader", "eval", "service")
HEAVY = (
    "numpy",
    "pydantic",
    "torch",
    "ray",
    "transformers",
    "datasets",
    "sklearn",
    "onnxruntime",
    "pandas",
    "openai",
    "fastapi",
)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*ROOMS, exclude_type_checking_imports=False)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_upwards(graph: grimp.ImportGraph, room: str) -> None:
    below = ROOMS[ROOMS.index(room) + 1 :]
    if room == "prompts":
        below = ROOMS[1:]
    if room == "encoders":
        below = ("prompts", *below)
    modules = {room} | graph.find_descendants(room)
    wrong = [
        f"{module} imports {imported}"
        for module in sorted(modules)
        for imported in sorted(graph.find_modules_directly_imported_by(module))
        if imported.split(".")[0] in below
    ]
    assert not wrong


def test_every_room_says_what_it_is_for() -> None:
    for room in ROOMS:
        module = __import__(room)
        assert module.__doc__ and len(module.__doc__) > 60, room


def test_the_command_line_imports_nothing_heavy() -> None:
    code = f"import sys, answergate; answergate.build_parser(); print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_scoring_needs_no_torch() -> None:
    code = "import sys, relevance.gate, relevance.artifact, grader.full; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
