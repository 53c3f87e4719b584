"""Our own full grader (or, without a gate, the plain grader) as a target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from eval.targets.base import Target, TargetGrade
from eval.targets.kinds import TargetKind
from eval.targets.settings import TargetSettings
from synth.graded import GradedAnswer, GradedQuestion

if TYPE_CHECKING:
    from grader.full import FullGrader


class FullGraderTarget:
    """A full grader in this process."""

    def __init__(self, grader: FullGrader, name: str) -> None:
        self.name = name
        self._grader = grader

    @property
    def grader(self) -> FullGrader:
        """The grader under test."""
        return self._grader

    def grade(
        self, question: GradedQuestion, support: Sequence[GradedAnswer], answers: Sequence[str]
    ) -> list[TargetGrade]:
        """See `Target.grade`."""
        results = self._grader.for_question(question, support).grade(answers)
        return [TargetGrade(result.grade, result.relevance, result.reason, result.expected_grade) for result in results]


@contextmanager
def _opened(settings: TargetSettings) -> Iterator[tuple[Target, dict[str, object]]]:
    from grader.full import open_full_grader
    from relevance.artifact import BUNDLED, gate_hash

    gate = settings.gate if settings.target == "answergate" else settings.target
    full = open_full_grader(gate, encoder=settings.encoder, threads=settings.threads)
    name = "answergate grader without a gate" if gate == "none" else f"answergate full grader, gate {gate}"
    described: dict[str, object] = {
        "gate": gate,
        "gate_hash": None if gate == "none" else gate_hash(BUNDLED if gate == "bundled" else gate),
        "encoder": full.encoder.name,
        "encoder_hash": full.encoder.content_hash,
    }
    yield FullGraderTarget(full, settings.name or name), described


KIND = TargetKind(
    name="answergate",
    form="answergate, or a gate's folder",
    summary="our full grader, with the gate that `--gate` names",
    claims=lambda target: target == "answergate" or Path(target).is_dir(),
    opened=_opened,
)
