"""What a corpus holds, in numbers: by language, kind and grade; lengths, variety, vocabulary, near duplicates."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, median

from synth.dedup.pairs import NearDuplicates
from synth.examples import Example
from synth.text import folded_words


@dataclass(frozen=True)
class GroupStats:
    """Numbers of one language, kind and grade (a share of the max grade, rounded to tenths; None: ungraded).

    `distinct_1`, `distinct_2`: different words (pairs of words) per word (pair); Li et al. 2016. They fall with the
    amount of text, so compare groups of like size. `near_duplicates`: share of answers that nearly repeat an earlier
    one to the same question.
    """

    language: str
    kind: str
    grade: float | None
    rows: int
    questions: int
    characters_mean: float
    characters_median: float
    words_mean: float
    vocabulary: int
    distinct_1: float
    distinct_2: float
    near_duplicates: float


@dataclass(frozen=True)
class CorpusStats:
    """Numbers of a whole corpus and of its groups."""

    rows: int
    questions: int
    languages: int
    vocabulary: int
    near_duplicates: float
    groups: tuple[GroupStats, ...]

    def to_json(self) -> str:
        """The numbers as JSON."""
        return json.dumps({"version": 1, **asdict(self)}, ensure_ascii=False, indent=1) + "\n"


def corpus_stats(examples: Iterable[Example], by_grade: bool = True) -> CorpusStats:
    """Count everything. Rows of one question should stand in one corpus, or near duplicates are not seen."""
    rows = list(examples)
    repeats = _near_repeats(rows)
    grouped: dict[tuple[str, str, float | None], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        grouped[row.language, row.kind, _share(row) if by_grade else None].append(place)
    words = [folded_words(row.answer) for row in rows]
    groups = []
    for key in sorted(grouped, key=lambda key: (key[0], key[1], -1.0 if key[2] is None else key[2])):
        places = grouped[key]
        groups.append(
            _group(
                key,
                [rows[place] for place in places],
                [words[place] for place in places],
                sum(repeats[place] for place in places),
            )
        )
    return CorpusStats(
        rows=len(rows),
        questions=len({row.question_id for row in rows}),
        languages=len({row.language for row in rows}),
        vocabulary=len({word for text in words for word in text}),
        near_duplicates=round(sum(repeats) / max(1, len(rows)), 4),
        groups=tuple(groups),
    )


def distinct_n(texts: Sequence[Sequence[str]], size: int) -> float:
    """Different n-grams of words per n-gram; 0 without any."""
    grams = Counter(tuple(text[at : at + size]) for text in texts for at in range(len(text) - size + 1))
    return len(grams) / grams.total() if grams else 0.0


def _group(
    key: tuple[str, str, float | None], rows: Sequence[Example], words: Sequence[Sequence[str]], repeats: int
) -> GroupStats:
    lengths = [len(row.answer) for row in rows]
    return GroupStats(
        language=key[0],
        kind=key[1],
        grade=key[2],
        rows=len(rows),
        questions=len({row.question_id for row in rows}),
        characters_mean=round(mean(lengths), 1),
        characters_median=float(median(lengths)),
        words_mean=round(mean(len(text) for text in words), 1),
        vocabulary=len({word for text in words for word in text}),
        distinct_1=round(distinct_n(words, 1), 4),
        distinct_2=round(distinct_n(words, 2), 4),
        near_duplicates=round(repeats / len(rows), 4),
    )


def _near_repeats(rows: Sequence[Example]) -> list[bool]:
    seen: dict[str, NearDuplicates] = {}
    found = []
    for row in rows:
        near = seen.setdefault(row.question_id, NearDuplicates())
        found.append(near.find_or_add(row.answer, row.id) is not None)
    return found


def _share(row: Example) -> float | None:
    if row.grade is None or not row.max_grade:
        return None
    return round(row.grade / row.max_grade, 1)
