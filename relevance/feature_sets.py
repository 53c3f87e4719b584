"""Named sets of the relevance model's features: what the search may do without, and what an explanation takes away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from relevance.evidence import BASE_FEATURES

FIRST_LEXICAL = "words_from_question"
"""From this base feature on, features are of words and characters; those before compare vectors."""

FEATURE_SETS: dict[str, str] = {
    "all": "every feature",
    "no-lexical": "without words and characters: vectors alone",
    "no-cohort": "without the comparison with other questions",
    "no-residual": "without what an answer says beyond its question",
    "no-standardised": "without the features standardised by the graded answers' own",
}


def column_names(count: int) -> list[str]:
    """Names of a feature table's columns: base features, `standardised:` ones, and what there was to compare with.

    Raises:
        ValueError: the table is too narrow to be one of this version.
    """
    base = len(BASE_FEATURES)
    if count < 2 * base:
        raise ValueError(f"a feature table has at least {2 * base} columns, not {count}")
    known = [f"known:{number}" for number in range(count - 2 * base)]
    return [*BASE_FEATURES, *(f"standardised:{name}" for name in BASE_FEATURES), *known]


def base_of(column: str) -> str:
    """The base feature a column is made of."""
    return column.removeprefix("standardised:")


def kept_columns(feature_set: str, count: int) -> NDArray[np.bool_]:
    """(count,) columns that a feature set keeps.

    Raises:
        ValueError: there is no such set.
    """
    if feature_set not in FEATURE_SETS:
        raise ValueError(f"unknown feature set '{feature_set}'; use one of {', '.join(FEATURE_SETS)}")
    return np.array([_keeps(feature_set, name) for name in column_names(count)])


def _keeps(feature_set: str, column: str) -> bool:
    name = base_of(column)
    if feature_set == "no-lexical":
        return name not in BASE_FEATURES[BASE_FEATURES.index(FIRST_LEXICAL) :]
    if feature_set == "no-cohort":
        return "cohort" not in name
    if feature_set == "no-residual":
        return not name.startswith("residual")
    return feature_set != "no-standardised" or column == name


def groups_of_columns(names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Base feature -> its columns, plain and standardised: they say one thing and are taken away together."""
    groups: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        groups.setdefault(base_of(name), []).append(number)
    return {name: np.array(columns) for name, columns in groups.items()}
