"""synth makes examples: question + answer + what the answer is, with provenance.

Language models write them (`generate`), attack families make them from seeds (`attack`), answers shuffled among
questions make negatives (`negatives`), and the bank ships with the package. Every row is an `Example`; what a
teacher brings is a graded file of `GradedQuestion`s.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synth.errors import DataFileError, RowProblem
    from synth.examples import RELEVANT_KINDS, SCHEMA_VERSION, Example, Provenance
    from synth.files import read_examples, write_examples
    from synth.graded import GradedAnswer, GradedQuestion, read_graded_files, write_graded_file

__all__ = [
    "RELEVANT_KINDS",
    "SCHEMA_VERSION",
    "DataFileError",
    "Example",
    "GradedAnswer",
    "GradedQuestion",
    "Provenance",
    "RowProblem",
    "read_examples",
    "read_graded_files",
    "write_examples",
    "write_graded_file",
]

_MODULES = {
    "DataFileError": "synth.errors",
    "Example": "synth.examples",
    "GradedAnswer": "synth.graded",
    "GradedQuestion": "synth.graded",
    "Provenance": "synth.examples",
    "RELEVANT_KINDS": "synth.examples",
    "RowProblem": "synth.errors",
    "SCHEMA_VERSION": "synth.examples",
    "read_examples": "synth.files",
    "read_graded_files": "synth.graded",
    "write_examples": "synth.files",
    "write_graded_file": "synth.graded",
}


def __getattr__(name: str) -> Any:
    # Names are imported when they are first used, so that the command line starts without numpy and pydantic.
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
