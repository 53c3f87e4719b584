"""A count model of sequences: which unit follows which few, for characters and for words alike."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

START = "\x02"
END = "\x03"
HIGHEST_ORDER = 5


class NGramModel:
    """1- to 5-gram model without smoothing: each next unit is drawn as often as it followed the same context.

    The tables of an order are counted when it is first asked for. Units come out in the order they were read, so the
    model gives the same text for the same random numbers in every process.
    """

    def __init__(self, sequences: Sequence[Sequence[str]]) -> None:
        self._sequences = [sequence for sequence in sequences if sequence]
        self._tables: dict[int, dict[tuple[str, ...], list[str]]] = {}
        self._windows: dict[int, frozenset[tuple[str, ...]]] = {}

    def __bool__(self) -> bool:
        return bool(self._sequences)

    def generate(self, rng: random.Random, order: int, length: int) -> list[str]:
        """`length` units; where the model reaches a sequence's end it starts a new one."""
        history = order - 1
        table = self._table(order)
        fresh = (START,) * history
        context = fresh
        units: list[str] = []
        draw = rng.random
        while len(units) < length:
            choices = table[context]
            unit = choices[int(draw() * len(choices))]
            if unit == END:
                context = fresh
                continue
            units.append(unit)
            context = (*context[1:], unit) if history else ()
        return units

    def copied_share(self, units: Sequence[str], window: int) -> float:
        """Share of the windows of this many units that stand in one of the sequences word for word."""
        if window not in self._windows:
            self._windows[window] = frozenset(
                part for sequence in self._sequences for part in zip(*_shifted(sequence, window), strict=False)
            )
        known = self._windows[window]
        parts = list(zip(*_shifted(units, window), strict=False))
        return sum(part in known for part in parts) / len(parts) if parts else 1.0

    def _table(self, order: int) -> dict[tuple[str, ...], list[str]]:
        if order not in self._tables:
            table: dict[tuple[str, ...], list[str]] = defaultdict(list)
            for sequence in self._sequences:
                if order == 1:
                    table[()].extend((*sequence, END))
                    continue
                padded = (*(START,) * (order - 1), *sequence, END)
                contexts = zip(*_shifted(padded[:-1], order - 1), strict=False)
                for context, unit in zip(contexts, padded[order - 1 :], strict=True):
                    table[context].append(unit)
            self._tables[order] = dict(table)
        return self._tables[order]


def _shifted(units: Sequence[str], count: int) -> list[Sequence[str]]:
    return [units[start:] for start in range(count)]
