"""Word-level hill climbing: change a bag of words, keep what the target likes better, until the budget is used up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from eval.adaptive.bags import Bag, Bags
from eval.adaptive.base import Find, Method, MethodResult, Search
from eval.adaptive.oracle import Oracle, Score, heard
from eval.results import Rate
from eval.targets import TargetError

NAME = "hill-climb"
SUMMARY = "bags of words, edited word by word, kept when the target likes them better"
START_SHARE = 0.2
"""Share of the budget that goes into starting points."""
BEAM = 2
CANDIDATES = 4
"""Edited candidates of each bag of the beam in one round; one call of the target grades them all."""
ROUNDS = 15
"""Rounds that a small budget is made to last for: it has fewer candidates in each, one at least."""
PATIENCE = 3
"""Rounds without progress after which several edits are made at once."""
STUCK_EDITS = 4
REORDERED = 0.1
"""Share of the candidates that are the same bag in another order of chance."""
MERGED = 0.2
"""Share of the candidates that mix the words of two bags of the beam."""
DEAD_ROUNDS = 12
"""Rounds without a new candidate after which a question has no more to offer."""

State = tuple[Bag, int]
"""A bag, and the number of the order that chance chose for it."""


class Climb:
    """The search on one question.

    A beam of the best bags is edited in rounds. Nothing but the target's answers decides what stays, and nothing but
    the seed decides what is tried, so that the same target gives the same search.
    """

    def __init__(self, oracle: Oracle, bags: Bags, seed: int) -> None:
        self.oracle = oracle
        self.started = False
        """Whether a starting point leaked by itself."""
        self.origin: dict[str, str] = {}
        """The starting point that each text comes from."""
        self._bags = bags
        self._each = max(1, min(CANDIDATES, oracle.budget // (ROUNDS * BEAM)))
        self._rng = random.Random(f"{seed}\n{NAME}\n{bags.question.id}")
        self._states: dict[str, State] = {}
        self._parent: dict[str, str] = {}
        self._helpful: list[str] = []
        """Words whose coming made a text better, once for each time."""

    def run(self) -> None:
        """Search until the budget is used up, full marks are reached, or nothing new is left to try.

        Raises:
            TargetError: the target broke its contract.
        """
        starts = self._bags.starts(max(BEAM, int(START_SHARE * self.oracle.budget)))
        for bag in starts:
            if (text := self._bags.text(bag)) is not None:
                self._states.setdefault(text, (bag, 0))
                self.origin.setdefault(text, text)
        beam = sorted(((item.score, item.text) for item in self.oracle.ask(list(self._states))), reverse=True)[:BEAM]
        self.started = any(score[0] > 0 for score, _ in beam)
        idle = dead = 0
        while beam and self.oracle.left > 0 and beam[0][0][0] < 1 and dead < DEAD_ROUNDS:
            candidates = list(self._candidates([text for _, text in beam], 1 if idle < PATIENCE else STUCK_EDITS))
            dead = 0 if candidates else dead + 1
            best = beam[0][0]
            asked = [(item.score, item.text) for item in self.oracle.ask(candidates)]
            for score, text in asked:
                self._learn(score, text)
            beam = sorted({*beam, *asked}, reverse=True)[:BEAM]
            idle = 0 if beam[0][0] > best else idle + 1

    def _learn(self, score: Score, text: str) -> None:
        parent = self._parent[text]
        if score > self.oracle.answered[parent].score:
            came = Counter(self._states[text][0]) - Counter(self._states[parent][0])
            self._helpful += came.elements()

    def _candidates(self, parents: list[str], most_edits: int) -> Iterator[str]:
        """New texts, each one step from a text of the beam."""
        for parent in parents:
            bag, order = self._states[parent]
            for _ in range(self._each):
                kind = self._rng.random()
                changed: Bag | None = bag
                if kind >= REORDERED + MERGED:
                    changed = self._edited(bag, most_edits)
                elif kind >= REORDERED:
                    changed = self._bags.merged(bag, self._states[self._rng.choice(parents)][0], self._rng)
                if changed is None:
                    continue
                state = (changed, order + self._rng.randint(1, 1000) if changed == bag else 0)
                text = self._bags.text(*state)
                if text is not None and text not in self._states:
                    self._states[text] = state
                    self.origin[text] = self.origin[parent]
                    self._parent[text] = parent
                    yield text

    def _edited(self, bag: Bag, most_edits: int) -> Bag | None:
        return self._bags.edited(bag, self._rng, self._rng.randint(1, most_edits), self._helpful)


def run(search: Search) -> MethodResult:
    """Climb on every question; a target that fails ends the search, what was found stays."""
    settings = search.settings
    finds: list[Find] = []
    oracles: list[Oracle] = []
    started = broken = 0
    failure = None
    for done, item in enumerate(search.questions, 1):
        oracles.append(oracle := Oracle(search.target, item.divided, settings.budget))
        climb = Climb(oracle, Bags(item.context, settings.seed), settings.seed)
        try:
            climb.run()
        except TargetError as error:
            failure = str(error)
        found = oracle.finds(NAME, climb.origin)
        finds += found
        started += climb.started
        broken += bool(found)
        if failure:
            break
        search.progress(done, len(search.questions))
    told = heard(oracles, len(search.questions))
    return MethodResult(
        NAME, SUMMARY, sum(len(oracle.answered) for oracle in oracles), Rate(started, told.questions),
        Rate(broken, told.questions), tuple(finds), failure=failure, note=told.note, exhausted=told.exhausted,
    )  # fmt: skip


METHOD = Method(NAME, SUMMARY, "Word-level black-box search: Alzantot et al. 2018; Filighera et al. 2020", run)
