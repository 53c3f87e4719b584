"""ASAP-shaped files: tab-separated, one answer a row, a number of the prompt and a score beside it.

Both Kaggle competitions' column names are read: `essay_set, essay, domain1_score` (ASAP-AES) and `EssaySet, EssayText,
Score1` (ASAP-SAS). Optional columns: `prompt` (the question's text; these files come without), `language` (else `en`).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synth.errors import DataFileError, RowProblem
from synth.examples import question_id
from synth.graded import GradedAnswer, GradedQuestion, read_graded_files

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "essay_set": ("essay_set", "essayset"),
    "essay": ("essay", "essaytext", "essay_text"),
    "domain1_score": ("domain1_score", "score1", "score"),
}
OPTIONAL = ("prompt", "language")
SUFFIXES = (".tsv", ".txt")


def read_asap_or_graded(paths: Sequence[str | os.PathLike[str]]) -> list[GradedQuestion]:
    """Questions of ASAP-shaped files (.tsv, .txt) and of graded files (every other name).

    Raises:
        DataFileError: a file cannot be used; all bad rows are named.
    """
    asap = [path for path in paths if Path(path).suffix.lower() in SUFFIXES]
    graded = [path for path in paths if path not in asap]
    return [
        *(question for path in asap for question in read_asap(path)),
        *(read_graded_files(graded) if graded else []),
    ]


def read_asap(path: str | os.PathLike[str]) -> list[GradedQuestion]:
    """Questions of one ASAP-shaped file, one per essay set.

    Scores are moved so that the lowest one given in a set is 0 (set 1 of ASAP-AES begins at 2); the highest one given
    is the question's maximum. The Kaggle files are in Windows' western encoding where they are not UTF-8.

    Raises:
        DataFileError: the file is missing, lacks a column or has bad rows; all of them are named.
    """
    path = Path(path)
    if not path.is_file():
        raise DataFileError(f"{path}: no such file; check the path")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    places = _places(path, lines[0])
    sets: dict[tuple[str, str], _Set] = {}
    problems: list[RowProblem] = []
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            _collect(str(path), number, line, places, sets, problems)
    for (name, _), found in sets.items():
        if found.scores and min(found.scores) == max(found.scores):
            what = f"every answer of set {name} has the score {found.scores[0]:g}"
            problems.append(RowProblem(str(path), found.row, "domain1_score", what, "a set needs different scores"))
    if problems:
        raise DataFileError(f"{path}: {len(problems)} problem(s) in an ASAP-shaped file; nothing was used", problems)
    if not sets:
        raise DataFileError(f"{path}: no rows below the header; add answers")
    return [found.question(path.name.split(".")[0], name, language) for (name, language), found in sets.items()]


@dataclass
class _Set:
    row: int
    text: str | None
    texts: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def question(self, group: str, name: str, language: str) -> GradedQuestion:
        text = self.text or f"Essay set {name}"
        lowest = min(self.scores)
        return GradedQuestion(
            id=question_id(text, language),
            text=text,
            language=language,
            max_grade=max(self.scores) - lowest,
            answers=tuple(
                GradedAnswer(answer, score - lowest) for answer, score in zip(self.texts, self.scores, strict=True)
            ),
            group=f"{group} {name}",
        )


def _places(path: Path, header: str) -> dict[str, int]:
    names = [name.strip().strip('"').lower() for name in header.split("\t")]
    places: dict[str, int] = {}
    for column, spellings in {**COLUMNS, **{name: (name,) for name in OPTIONAL}}.items():
        found = [names.index(spelling) for spelling in spellings if spelling in names]
        if found:
            places[column] = found[0]
    missing = [f"{column} (or {', '.join(names[1:])})" for column, names in COLUMNS.items() if column not in places]
    if missing:
        told = f"the columns are {', '.join(names[:8])}" if len(names) > 1 else "its first row has no tabs"
        raise DataFileError(f"{path}, row 1: no column {'; no column '.join(missing)}; {told}; name the columns so")
    return places


def _collect(
    path: str,
    number: int,
    line: str,
    places: Mapping[str, int],
    sets: dict[tuple[str, str], _Set],
    problems: list[RowProblem],
) -> None:
    cells = [_unquoted(cell) for cell in line.split("\t")]
    values = {column: cells[place].strip() if place < len(cells) else "" for column, place in places.items()}
    if not values["essay_set"]:
        problems.append(RowProblem(path, number, "essay_set", "missing", "write the prompt's number"))
    try:
        score = float(values["domain1_score"])
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        told = f"{values['domain1_score']!r} is not a number" if values["domain1_score"] else "missing"
        problems.append(RowProblem(path, number, "domain1_score", told, "write the score, or leave the row out"))
    if not values["essay_set"] or not math.isfinite(score):
        return
    key = (values["essay_set"], values.get("language") or "en")
    found = sets.setdefault(key, _Set(number, values.get("prompt") or None))
    found.texts.append(values["essay"])
    found.scores.append(score)


def _unquoted(cell: str) -> str:
    """ASAP-AES puts its essays in quotes; ASAP-SAS does not, and its students use quotes as they like."""
    cell = cell.strip()
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell
