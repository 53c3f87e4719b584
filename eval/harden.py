"""Harden a gate: attack it, train on what got through, and attack again, until a bound holds or nothing improves.

The questions are divided once. Half of them are hardened on: their leaks and near misses become negatives, their
credited answers that were turned away positives. The other half is only measured on, every round with the same attacks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from encoders import Encoder
from eval.results import Case, Rate, SuiteResult
from eval.statistics import upper_bound
from eval.suite import MIN_ANSWERS, Progress, SuiteSettings, run_suite
from eval.targets import FullGraderTarget
from grader.full import FullGrader
from relevance.artifact import gate_hash, load_gate
from relevance.build import build_gate
from relevance.corpus import GateQuestion, Negative, from_graded, with_attacks
from relevance.training import TrainingConfig
from synth.attacks import AttackFamily
from synth.examples import Example, Provenance, as_parameters
from synth.files import read_examples, write_examples
from synth.graded import GradedAnswer, GradedQuestion
from synth.whole_files import write_whole_text

GENERATOR = "harden"
GENERATOR_VERSION = "1"
CONFIDENCE = 0.95
REJECTED_BEFORE = "rejected-before"
"""Kind of the credited answers that a round turned away; the next gate must let them pass."""
SETTINGS_FILE = "harden.json"
ROUND_FILE = "round.json"
MINED_FILE = "mined.jsonl"


class HardenError(ValueError):
    """The questions or settings do not allow a hardening, or not this one in this folder."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class HardenSettings:
    """What makes two hardenings the same.

    `target_leak_rate`: stop when the upper bound of the leak rate is at most this. `measured_share`: of the questions,
    never hardened on. `near_misses`: at most this many per round. `max_false_rejection`: a round that turns away a
    larger share of honest answers is no improvement.
    """

    rounds: int = 3
    target_leak_rate: float = 0.01
    max_false_rejection: float = 0.02
    false_rejection: float = 0.01
    measured_share: float = 0.5
    per_question: int = 2
    support: int = 25
    near_misses: int = 200
    members: int = 2
    folds: int = 5
    seed: int = 0


@dataclass(frozen=True)
class HardenRound:
    """One round on the questions that are measured on. `leaks`, `false_rejections`: events and attempts.

    `mined_*`: texts the round learned from, taken from the round before it. `upper`: bound of the leak rate at 95 %
    that holds for all rounds at once, so that the best of them may be picked.
    """

    number: int
    leaks: Rate
    upper: float
    false_rejections: Rate
    mined_negatives: int
    mined_positives: int
    gate: str
    gate_hash: str

    def holds(self, settings: HardenSettings) -> bool:
        """Whether the target is met."""
        return self.upper <= settings.target_leak_rate and self.affordable(settings)

    def affordable(self, settings: HardenSettings) -> bool:
        """Whether honest answers are spared."""
        return self.false_rejections.rate <= settings.max_false_rejection


@dataclass(frozen=True)
class HardenResult:
    """The curve, the best affordable round, and why it ended: `target`, `no improvement` or `rounds`."""

    rounds: tuple[HardenRound, ...]
    best: HardenRound
    ended: str

    def table_lines(self) -> list[str]:
        """The curve for a terminal."""
        lines = [
            f"{'round':>5}{'leaks':>16}{'rate':>9}{'95 % bound':>12}{'turned away':>16}{'rate':>9}{'learned from':>20}"
        ]
        for item in self.rounds:
            leaks, away = item.leaks, item.false_rejections
            mark = "  <- best" if item.number == self.best.number else ""
            learned = f"{item.mined_negatives} + {item.mined_positives}" if item.number else "–"
            lines.append(
                f"{item.number:>5}{f'{leaks.events} of {leaks.attempts}':>16}{leaks.rate:>9.3%}{item.upper:>12.3%}"
                f"{f'{away.events} of {away.attempts}':>16}{away.rate:>9.2%}{learned:>20}{mark}"
            )
        return lines


@dataclass(frozen=True)
class Hardening:
    """What a hardening works with.

    `base`: questions every round's gate is trained on besides. `gate`: the folder to begin with; None trains the first
    one on `base` alone. `pool`: questions whose answers attackers may borrow.
    """

    questions: Sequence[GradedQuestion]
    base: Sequence[GateQuestion]
    families: Sequence[AttackFamily]
    encoder: Encoder
    out: Path
    gate: Path | None = None
    pool: Sequence[GradedQuestion] = ()
    config: TrainingConfig = field(default_factory=TrainingConfig)
    settings: HardenSettings = HardenSettings()

    def run(self, say: Callable[[str], None] = print, progress: Progress | None = None) -> HardenResult:
        """Harden, or continue: finished rounds in `out` are kept.

        Raises:
            HardenError: too few questions, or `out` holds a hardening of other data or settings.
        """
        hardened, measured = divide_questions(self.questions, self.settings)
        self._check_folder(hardened, measured)
        rounds: list[HardenRound] = []
        for number in range(self.settings.rounds + 1):
            rounds.append(self._round(number, hardened, measured, progress))
            say(HardenResult(tuple(rounds), rounds[-1], "").table_lines()[-1].removesuffix("  <- best"))
            ended = _ended(rounds, self.settings)
            if ended:
                break
        return HardenResult(tuple(rounds), best_round(rounds, self.settings), ended or "rounds")

    def _round(
        self,
        number: int,
        hardened: Sequence[GradedQuestion],
        measured: Sequence[GradedQuestion],
        progress: Progress | None,
    ) -> HardenRound:
        folder = self.out / f"round-{number}"
        if (folder / ROUND_FILE).is_file():
            return _read_round(folder / ROUND_FILE)
        folder.mkdir(parents=True, exist_ok=True)
        mined = [example for before in range(1, number + 1) for example in self._mined(before, hardened, progress)]
        gate = self.gate if number == 0 and self.gate is not None else self._trained(folder, hardened, measured, mined)
        result = self._attacked(gate, measured, self.settings.seed, progress)
        newest = [example for example in mined if _round_of(example) == number]
        leaks = result.must_reject
        # Every round is looked at and the best is picked: each bound is widened so that all hold at once (Bonferroni).
        confidence = 1.0 - (1.0 - CONFIDENCE) / (self.settings.rounds + 1)
        done = HardenRound(
            number=number,
            leaks=leaks,
            upper=upper_bound(leaks.events, leaks.attempts, confidence),
            false_rejections=result.genuine,
            mined_negatives=sum(not example.relevant for example in newest),
            mined_positives=sum(example.relevant for example in newest),
            gate=str(gate),
            gate_hash=gate_hash(gate),
        )
        write_whole_text(folder / ROUND_FILE, json.dumps(asdict(done), indent=2) + "\n")
        return done

    def _mined(self, number: int, hardened: Sequence[GradedQuestion], progress: Progress | None) -> list[Example]:
        """What round `number` learns from: found by attacking the gate of the round before, kept as an example file."""
        path = self.out / f"round-{number}" / MINED_FILE
        if not path.is_file():
            before = _read_round(self.out / f"round-{number - 1}" / ROUND_FILE)
            # New attacks every round, and never those that are measured with.
            result = self._attacked(Path(before.gate), hardened, self.settings.seed + 1000 * number, progress)
            temporary = path.with_name(f"partial-{path.name}")
            write_examples(temporary, mined_examples(result, hardened, number, before.gate_hash, self.settings))
            temporary.replace(path)
        return read_examples(path)

    def _trained(
        self,
        folder: Path,
        hardened: Sequence[GradedQuestion],
        measured: Sequence[GradedQuestion],
        mined: Sequence[Example],
    ) -> Path:
        items = self._items(hardened if mined or folder.name != "round-0" else [], measured, mined)
        settings = self.settings
        build_gate(
            items,
            self.encoder,
            folder / "gate",
            self.config,
            settings.false_rejection,
            settings.members,
            settings.seed,
            settings.folds,
        )
        return folder / "gate"

    def _items(
        self, hardened: Sequence[GradedQuestion], measured: Sequence[GradedQuestion], mined: Sequence[Example]
    ) -> list[GateQuestion]:
        """Training questions: the base without what is measured on, the hardened ones, and what was mined from them."""
        forbidden = {_key(question) for question in measured}
        keys = {item.split_key for item in self.base if _key(item.question) in forbidden}
        items = [item for item in self.base if item.split_key not in keys and _key(item.question) not in forbidden]
        # What the base knows is in `items` already, or goes with a question that is measured on (its translation, say).
        known = {_key(item.question) for item in self.base}
        new = from_graded([question for question in hardened if _key(question) not in known], "hardened")
        must_reject = [family for family in self.families if family.tier == "must_reject"]
        items += with_attacks(new, must_reject, 1, self.settings.seed)
        return [_with_mined(item, mined) for item in items]

    def _attacked(
        self, gate: Path, questions: Sequence[GradedQuestion], seed: int, progress: Progress | None
    ) -> SuiteResult:
        settings = SuiteSettings(tuple(self.families), self.settings.per_question, self.settings.support, seed)
        grader = FullGrader(self.encoder, load_gate(gate, self.encoder))
        return run_suite(FullGraderTarget(grader, str(gate)), questions, settings, self.pool, progress=progress)

    def _check_folder(self, hardened: Sequence[GradedQuestion], measured: Sequence[GradedQuestion]) -> None:
        from relevance.pipeline import content_hash

        described: dict[str, Any] = {
            **asdict(self.settings),
            "hardened": [question.id for question in hardened],
            "measured": [question.id for question in measured],
            "questions_sha256": content_hash(from_graded(self.questions, "")),
            "base_sha256": content_hash(self.base),
            "families": [family.name for family in self.families],
            "config": self.config.as_dict(),
            "encoder": self.encoder.content_hash,
            "gate": None if self.gate is None else gate_hash(self.gate),
        }
        path = self.out / SETTINGS_FILE
        if path.is_file():
            before = json.loads(path.read_text(encoding="utf-8"))
            other = sorted(name for name in described if before.get(name) != described[name])
            if other:
                raise HardenError(f"{path}: begun with other {', '.join(other)}; use the same, or another folder")
        self.out.mkdir(parents=True, exist_ok=True)
        write_whole_text(path, json.dumps(described, indent=2, ensure_ascii=False) + "\n")


def divide_questions(
    questions: Sequence[GradedQuestion], settings: HardenSettings
) -> tuple[list[GradedQuestion], list[GradedQuestion]]:
    """(hardened on, measured on), drawn within each language; the same questions and seed give the same division.

    Raises:
        HardenError: one side would be empty.
    """
    usable = sorted((item for item in questions if len(item.answers) >= MIN_ANSWERS), key=lambda item: item.id)
    hardened: list[GradedQuestion] = []
    measured: list[GradedQuestion] = []
    for language in sorted({item.language for item in usable}):
        own = [item for item in usable if item.language == language]
        order = np.random.default_rng([settings.seed, *language.encode()]).permutation(len(own))
        count = round(settings.measured_share * len(own))
        measured += [own[place] for place in sorted(order[:count])]
        hardened += [own[place] for place in sorted(order[count:])]
    if not hardened or not measured:
        raise HardenError(
            f"{len(usable)} questions with at least {MIN_ANSWERS} graded answers cannot be divided into some to harden "
            "on and some to measure on; bring more questions"
        )
    return hardened, measured


def mined_examples(
    result: SuiteResult, questions: Sequence[GradedQuestion], number: int, digest: str, settings: HardenSettings
) -> list[Example]:
    """Leaks and the nearest misses of must_reject families as negatives, credited answers turned away as positives."""
    by_key = {_key(question): question for question in questions}
    must_reject = {family.name for family in result.families if family.tier == "must_reject"}
    leaks = [(case, "leak") for case in result.leaks if case.family in must_reject]
    near = [(case, "near miss") for case in result.near_misses[: settings.near_misses]]
    examples = []
    seen: set[tuple[str, str]] = set()
    for case, why in (*leaks, *near, *((case, "false rejection") for case in result.false_rejections)):
        question = by_key[case.question, case.language]
        grades = [answer.grade for answer in question.answers if answer.text == case.answer]
        relevant = why == "false rejection"
        if (question.id, case.answer) in seen or not case.answer.strip():
            continue
        # An honest text is no negative, whoever hands it in; an answer graded 0 costs nobody a point.
        if (relevant and max(grades, default=0.0) <= 0) or (not relevant and grades):
            continue
        seen.add((question.id, case.answer))
        examples.append(_example(case, question, why, max(grades, default=None), number, digest))
    return examples


def best_round(rounds: Sequence[HardenRound], settings: HardenSettings) -> HardenRound:
    """The fewest leaks among the rounds that spare honest answers; when none does, the one that spares them most."""
    affordable = [item for item in rounds if item.affordable(settings)]
    if affordable:
        return min(affordable, key=lambda item: (item.leaks.rate, item.false_rejections.rate, item.number))
    return min(rounds, key=lambda item: (item.false_rejections.rate, item.leaks.rate, item.number))


def _ended(rounds: Sequence[HardenRound], settings: HardenSettings) -> str:
    if rounds[-1].holds(settings):
        return "target"
    if len(rounds) > 1 and best_round(rounds, settings) is not rounds[-1]:
        return "no improvement"
    return ""


def _example(case: Case, question: GradedQuestion, why: str, grade: float | None, number: int, digest: str) -> Example:
    relevant = why == "false rejection"
    share = 0.0 if grade is None else grade / question.max_grade
    kind = ("correct" if share == 1 else "incomplete") if relevant else case.family
    parameters = {
        "round": number,
        "why": why,
        "gate": digest,
        "relevance": case.relevance,
        "grade_given": case.grade,
        "reason": case.reason,
    }
    return Example(
        question_id=question.id,
        question=question.text,
        answer=case.answer,
        kind=kind,
        relevant=relevant,
        grade=grade if relevant else None,
        max_grade=question.max_grade,
        language=question.language,
        subject=question.group or None,
        reference=question.references[0] if question.references else None,
        provenance=Provenance(
            generator=GENERATOR if relevant else f"{GENERATOR}:attack:{case.family}",
            generator_version=GENERATOR_VERSION,
            seed=case.seed,
            parameters=as_parameters(parameters),
        ),
    )


def _with_mined(item: GateQuestion, mined: Sequence[Example]) -> GateQuestion:
    own = [example for example in mined if (example.question, example.language) == _key(item.question)]
    known = {negative.text for negative in item.negatives}
    negatives = {
        row.answer: Negative(row.answer, row.kind) for row in own if not row.relevant and row.answer not in known
    }
    positives = {row.answer: GradedAnswer(row.answer, row.grade or 0.0) for row in own if row.relevant}
    kinds = item.benign_kinds or ("benign",) * len(item.benign)
    return replace(
        item,
        benign=(*item.benign, *positives.values()),
        benign_kinds=(*kinds, *([REJECTED_BEFORE] * len(positives))),
        negatives=(*item.negatives, *negatives.values()),
    )


def _round_of(example: Example) -> int:
    return int(json.loads(example.provenance.parameters)["round"])


def _key(question: GradedQuestion) -> tuple[str, str]:
    return question.text, question.language


def _read_round(path: Path) -> HardenRound:
    row = json.loads(path.read_text(encoding="utf-8"))
    return HardenRound(**{**row, "leaks": Rate(**row["leaks"]), "false_rejections": Rate(**row["false_rejections"])})
