"""Run filters one after the other and count what each of them dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from synth.filters.base import Candidate, Drop, Filter, FilterContext

SAMPLES = 10


@dataclass(frozen=True)
class DropSample:
    """A dropped answer, to be read by a person."""

    filter: str
    reason: str
    kind: str
    language: str
    question: str
    answer: str


@dataclass
class FilterPipeline:
    """Filters in order; each sees only what the earlier ones left. Counts over all calls are in `dropped`."""

    filters: Sequence[Filter]
    seen: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[DropSample]] = field(default_factory=dict)

    def run(self, candidates: Sequence[Candidate], context: FilterContext) -> list[Drop | None]:
        """For each candidate None (it stays) or why it goes."""
        verdicts: list[Drop | None] = [None] * len(candidates)
        left = list(range(len(candidates)))
        for rule in self.filters:
            drops = rule.drops([candidates[place] for place in left], context)
            for local, reason in drops.items():
                place = left[local]
                self.note(Drop(rule.name, reason), candidates[place], context)
                verdicts[place] = Drop(rule.name, reason)
            left = [place for local, place in enumerate(left) if local not in drops]
        self.seen += len(candidates)
        self.kept += len(left)
        return verdicts

    def note(self, drop: Drop, candidate: Candidate, context: FilterContext) -> None:
        """Count a drop and keep the first few of each filter to be read."""
        self.dropped[drop.filter] += 1
        samples = self.samples.setdefault(drop.filter, [])
        if len(samples) < SAMPLES:
            samples.append(
                DropSample(
                    drop.filter, drop.reason, candidate.kind, candidate.language, context.question, candidate.text
                )
            )
