"""synth makes examples: question + answer + what the answer is, with provenance.

Language models write them (`generate`), attack families make them from seeds (`attack`), answers shuffled among
questions make negatives (`negatives`), and the bank ships with the package. Every row is an `Example`; what a
teacher brings is a graded file of `GradedQuestion`s.
"""

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
