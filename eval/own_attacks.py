"""Attacks of the user's own, read from files and run beside the families."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from synth.attacks import Attack, AttackContext, AttackFamily, Tier, attack_families
from synth.errors import DataFileError, RowProblem
from synth.examples import LANGUAGE_TAG
from synth.graded import GradedQuestion
from synth.languages import primary
from synth.tables import read_rows

OWN = "own"
"""Family of attacks that name none."""
COLUMNS = ("text", "question", "family", "tier", "language", "clean")
TIERS: tuple[str, ...] = get_args(Tier)
COMPARED = frozenset({"must_not_gain", "must_not_move"})
"""Tiers that mean nothing without the answer that the text was made from."""
_SHORTEST_QUESTION = 0.6


@dataclass(frozen=True)
class OwnAttack:
    """One text to attack with: one question (by id or text), those of one language, or all."""

    text: str
    question: str | None
    family: str
    tier: Tier
    language: str | None
    clean: str | None
    file: str
    row: int

    def meant_for(self, question: GradedQuestion) -> bool:
        """Whether the text attacks this question."""
        if self.question is not None and self.question.strip() not in (question.id, question.text.strip()):
            return False
        return self.language is None or primary(self.language) == primary(question.language)


class OwnAttacks:
    """All own attacks, by the question they are meant for."""

    def __init__(self, attacks: Sequence[OwnAttack]) -> None:
        self.attacks = tuple(attacks)
        known = attack_families()
        self._families = {item.family: known.get(item.family) or _family(item) for item in self.attacks}
        self._by_question: dict[str | None, list[OwnAttack]] = defaultdict(list)
        for item in self.attacks:
            self._by_question[None if item.question is None else item.question.strip()].append(item)

    @property
    def families(self) -> tuple[AttackFamily, ...]:
        """Every family that an attack is of."""
        return tuple(self._families.values())

    def __len__(self) -> int:
        return len(self.attacks)

    def on(self, question: GradedQuestion) -> Iterator[tuple[AttackFamily, Attack]]:
        """The attacks on one question, each text once per family, in the order of the files."""
        seen: set[tuple[str, str]] = set()
        for key in dict.fromkeys((None, question.id, question.text.strip())):
            for item in self._by_question.get(key, ()):
                if item.meant_for(question) and (item.family, item.text) not in seen:
                    seen.add((item.family, item.text))
                    yield self._families[item.family], Attack(item.text, item.clean)

    def check(self, questions: Iterable[GradedQuestion]) -> None:
        """See that every attack has a question to attack.

        Raises:
            DataFileError: one has none; every such row is named.
        """
        questions = list(questions)
        names = {question.id for question in questions} | {question.text.strip() for question in questions}
        languages = {primary(question.language) for question in questions}
        problems = []
        for item in self.attacks:
            if item.question is not None and item.question.strip() not in names:
                close = get_close_matches(item.question, names, n=1, cutoff=_SHORTEST_QUESTION)
                remedy = f"did you mean '{close[0]}'?" if close else "write its text or id, or leave it empty for all"
                problems.append(
                    RowProblem(item.file, item.row, "question", f"'{item.question}' is not attacked", remedy)
                )
            elif item.language is not None and primary(item.language) not in languages:
                there = ", ".join(sorted(languages))
                problems.append(
                    RowProblem(
                        item.file, item.row, "language", f"no question in '{item.language}'", f"there are {there}"
                    )
                )
        _raise_if(problems)


def read_attacks(paths: Sequence[str | os.PathLike[str]]) -> OwnAttacks:
    """Read own attacks: a table (.csv, .jsonl, .jsonl.gz, .parquet) or a text file with one attack a line.

    Columns: `text`; optional `question` (its text or id; without it all questions are attacked), `family` (one of the
    registry's or a new name; "own"), `tier` (the family's, else must_reject), `language` (only questions in it) and
    `clean` (the answer that the text was made from, for the tiers that compare). Other columns are left alone. A line
    of a text file is an attack as it stands; empty lines are skipped.

    Raises:
        DataFileError: a file cannot be used; every bad row is named with what to do.
    """
    attacks: list[OwnAttack] = []
    problems: list[RowProblem] = []
    tiers: dict[str, tuple[str, RowProblem]] = {}
    for path in paths:
        for number, row in _rows(Path(path)):
            item, found = _attack(str(path), number, row)
            problems += found
            if item is None:
                continue
            first = tiers.setdefault(item.family, (item.tier, RowProblem(item.file, item.row, "", "", "")))
            if first[0] != item.tier:
                place = f"{first[1].file}, row {first[1].row}"
                what = f"{item.tier}, but family '{item.family}' is {first[0]} in {place}"
                problems.append(RowProblem(item.file, item.row, "tier", what, "give one family one tier"))
            attacks.append(item)
    _raise_if(problems)
    if not attacks:
        raise DataFileError(f"{', '.join(map(str, paths))}: no attacks; write one a line, or a table with {COLUMNS[0]}")
    return OwnAttacks(attacks)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if path.suffix != ".txt":
        yield from read_rows(path)
        return
    try:
        # Attacks may hold separators that `splitlines` would take for the end of a line.
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if line.strip():
                yield number, {"text": line.removesuffix("\r")}
    except FileNotFoundError:
        raise DataFileError(f"{path}: no such file; check the path after --attacks") from None
    except UnicodeDecodeError as error:
        raise DataFileError(f"{path}: not UTF-8 ({error}); save it again as UTF-8") from error


def _attack(file: str, number: int, row: Mapping[str, Any]) -> tuple[OwnAttack | None, list[RowProblem]]:
    problems: list[RowProblem] = []

    def problem(name: str, what: str, remedy: str) -> None:
        problems.append(RowProblem(file, number, name, what, remedy))

    values: dict[str, str | None] = {}
    for name in COLUMNS:
        value = row.get(name)
        # A CSV file cannot tell an empty field from a missing one; only `text` may be meant to be empty.
        empty = value is None or (isinstance(value, str) and not value.strip()) or value != value
        values[name] = None if empty and name != "text" else value
        if not empty and not isinstance(value, str):
            problem(name, f"{value!r} is not a text", "put it in quotes")
            values[name] = None
    if "text" not in row:
        problem("text", "missing", f"add the column; there are {', '.join(map(str, row)) or 'none'}")
    elif values["text"] is None or values["text"] != values["text"]:
        values["text"] = ""
    family = values["family"] or OWN
    registered = attack_families().get(family)
    tier = values["tier"] or (registered.tier if registered else "must_reject")
    if tier not in TIERS:
        close = get_close_matches(tier, TIERS, n=1)
        problem(
            "tier", f"'{tier}' is no tier", f"did you mean {close[0]}?" if close else f"write one of {', '.join(TIERS)}"
        )
    elif registered and tier != registered.tier:
        problem("tier", f"{tier}, but family '{family}' is {registered.tier}", "leave it empty or use another family")
    elif tier in COMPARED and values["clean"] is None:
        problem("clean", f"missing, and {tier} compares with it", "add the answer that the text was made from")
    language = values["language"]
    if language is not None and not LANGUAGE_TAG.fullmatch(language):
        problem("language", f"'{language}' is not a BCP 47 tag", "write for example 'en', 'pt-BR' or 'zh'")
    if problems:
        return None, problems
    return (
        OwnAttack(
            values["text"] or "",
            values["question"],
            family,
            tier,  # type: ignore[arg-type]
            language,
            values["clean"],
            file,
            number,
        ),
        [],
    )


def _family(item: OwnAttack) -> AttackFamily:
    """A family that is not in the registry: its texts are in the files, and it makes no others."""

    def generate(context: AttackContext, rng: object) -> Iterator[Attack]:
        return iter(())

    return AttackFamily(
        name=item.family,
        tier=item.tier,
        severity="high",
        summary="Texts of a file given with --attacks.",
        source=Path(item.file).name,
        generate=generate,
    )


def _raise_if(problems: Sequence[RowProblem]) -> None:
    if problems:
        raise DataFileError(f"{len(problems)} problem(s) in files of attacks; nothing was used", problems)
