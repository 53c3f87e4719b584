"""Contenders by name: what `grader compare` puts side by side and what a student can be taught by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from encoders import Encoder
from grader.artifact import bundled_prior
from grader.distill.question import DistilledContender
from grader.distill.student import StudentSettings
from grader.errors import UsageError
from grader.llm.grader import LlmGrader
from grader.peft.contender import PeftContender
from grader.peft.training import TrainedScorer
from grader.prior import GraderPrior
from grader.rivals import RIVALS
from grader.rivals.base import Rival
from grader.rivals.contender import Contender, Footprint, LlmContender, NoVectors, RivalContender
from grader.rivals.online import OnlineContender


@dataclass(frozen=True)
class ContenderParts:
    """What contenders are made of; what is None was not given.

    Attributes:
        encoder_footprint: of the encoder, for the contenders that need one.
        transfer: question id -> unmarked answers for students.
    """

    encoder: Encoder
    encoder_footprint: Footprint = field(default_factory=lambda: Footprint(None, None))
    prior: GraderPrior | None = None
    llm: LlmGrader | None = None
    scorer: TrainedScorer | None = None
    teacher: str = "online"
    transfer: Mapping[str, Sequence[str]] = field(default_factory=dict)
    student: StudentSettings = field(default_factory=StudentSettings)


@dataclass(frozen=True)
class ContenderKind:
    """One entry of the registry."""

    name: str
    summary: str
    make: Callable[[ContenderParts], Contender]


def make_contender(name: str, parts: ContenderParts) -> Contender:
    """The contender of a name.

    Raises:
        UsageError: no contender has the name, or what it needs was not given.
    """
    if name not in CONTENDERS:
        raise UsageError(f"no grader is called '{name}'; there are {', '.join(CONTENDERS)}")
    return CONTENDERS[name].make(parts)


def _rival(rival: Rival, name: str, needs_encoder: bool = True) -> ContenderKind:
    def make(parts: ContenderParts) -> Contender:
        if needs_encoder:
            return RivalContender(rival, parts.encoder, parts.encoder_footprint, name)
        return RivalContender(rival, NoVectors(), Footprint(0, 0), name)

    return ContenderKind(name, rival.summary, make)


def _online(parts: ContenderParts) -> Contender:
    prior = parts.prior or bundled_prior(parts.encoder)
    return OnlineContender(parts.encoder, prior, parts.encoder_footprint)


def _llm(parts: ContenderParts) -> Contender:
    if parts.llm is None:
        raise UsageError("the grader 'llm' needs a model: --model NAME with --base-url URL, or --local MODEL.gguf")
    return LlmContender(parts.llm)


def _peft(parts: ContenderParts) -> Contender:
    if parts.scorer is None:
        raise UsageError("the grader 'peft' needs a trained scorer (--peft FOLDER) or a model (--peft-model FOLDER)")
    return PeftContender(parts.scorer)


def _distilled(parts: ContenderParts) -> Contender:
    if parts.teacher in ("distilled", "student"):
        raise UsageError("a student cannot be its own teacher; name another grader with --teacher")
    return DistilledContender(make_contender(parts.teacher, parts), parts.transfer, parts.student)


def _student(parts: ContenderParts) -> Contender:
    return DistilledContender(None, {}, parts.student, "student")


CONTENDERS: dict[str, ContenderKind] = {
    kind.name: kind
    for kind in (
        _rival(RIVALS["constant"], "constant", needs_encoder=False),
        _rival(RIVALS["5-nn"], "knn"),
        _rival(RIVALS["tfidf"], "tfidf", needs_encoder=False),
        _rival(RIVALS["logistic"], "logistic"),
        _rival(RIVALS["ridge"], "ridge"),
        ContenderKind("online", "the online grader with its learned prior", _online),
        ContenderKind("llm", "a language model asked in context", _llm),
        ContenderKind("peft", "a language model with LoRA adapters, trained before", _peft),
        ContenderKind("distilled", "a small network taught by another grader", _distilled),
        ContenderKind("student", "the same small network without a teacher", _student),
    )
}
