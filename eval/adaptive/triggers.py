"""Universal triggers: a few words that raise the grade of nonsense, found on some questions and tried on others."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from eval.adaptive.bags import Bags
from eval.adaptive.base import Attacked, Find, Method, MethodResult, Search, Transfer
from eval.adaptive.oracle import NOTHING, Answered, Oracle, Score, heard, mean_score
from eval.results import Rate
from eval.targets import TargetError
from synth.attacks.languages import language_for
from synth.attacks.material import material

NAME = "trigger"
SUMMARY = "a few words before or behind off-topic texts, found on some questions, tried on others"
BASES = 3
"""Off-topic texts per question that a trigger is tried on."""
LONGEST = 5
"""Words of a trigger."""
ROUND = 8
"""Triggers that are tried in one round."""
FEWEST_QUESTIONS = 2
PLACES = ("before", "behind")

Trigger = tuple[tuple[str, ...], str]
"""Words, and whether they stand before or behind the text."""


@dataclass(frozen=True)
class _Tried:
    """One question with its off-topic texts."""

    item: Attacked
    oracle: Oracle
    bags: Bags
    bases: tuple[str, ...]

    def texts(self, trigger: Trigger) -> list[str]:
        words, place = trigger
        language = language_for(self.item.divided.question)
        joined = language.joiner.join(words)
        pairs = ((joined, base) if place == "before" else (base, joined) for base in self.bases)
        return [language.sentence_joiner.join(pair) for pair in pairs]

    def asked(self, trigger: Trigger | None) -> list[Answered]:
        return self.oracle.ask(self.bases if trigger is None else self.texts(trigger))


class _LanguageSearch:
    """One language: its questions, half to search on and half to try the result on."""

    def __init__(self, search: Search, language: str, items: Sequence[Attacked]) -> None:
        self.language = language
        self.rng = random.Random(f"{search.settings.seed}\n{NAME}\n{language}")
        order = sorted(items, key=lambda item: item.divided.question.id)
        self.rng.shuffle(order)
        tried = [self._tried(search, item) for item in order]
        half = (len(tried) + 1) // 2
        self.train, self.test = tried[:half], tried[half:]
        self.vocabulary = self._vocabulary()

    def _tried(self, search: Search, item: Attacked) -> _Tried:
        known = material(item.context.question)
        bases = list(known.unrelated(known.language.off_topic) or known.language.off_topic)
        random.Random(f"{search.settings.seed}\nbases\n{item.context.question.id}").shuffle(bases)
        oracle = Oracle(search.target, item.divided, search.settings.budget)
        return _Tried(item, oracle, Bags(item.context, search.settings.seed), tuple(bases[:BASES]))

    def _vocabulary(self) -> list[str]:
        """Words of the language's phrases, its function words, and what answers to several training questions share."""
        language = language_for(self.train[0].item.divided.question)
        lines = (*language.vacuous, *language.master_keys, *language.adverbs, *language.adjectives, *language.hedges)
        words = [word for line in lines if "{" not in line for word in language.words(line)]
        counts: dict[str, int] = defaultdict(int)
        for tried in self.train:
            known = material(tried.item.context.question)
            for word in {word for answer in known.credited for word in known.words(answer.text)}:
                counts[word] += 1
        shared = sorted((word for word, count in counts.items() if count > len(self.train) / 2), key=str)
        return list(dict.fromkeys((*words, *language.function_words, *shared)))

    def allowed(self, trigger: Trigger) -> bool:
        """Whether the words give away none of the answers, to any of the questions."""
        return all(
            tried.bags.allows(trigger[0]) and all(tried.bags.allows_text(text) for text in tried.texts(trigger))
            for tried in (*self.train, *self.test)
        )

    def best(self) -> Trigger | None:
        """Climb from the best single words; the budget of every training question is the same.

        Raises:
            TargetError: the target broke its contract.
        """
        scores: dict[Trigger, Score] = {}
        best: Trigger | None = None
        plain = mean_score([item.score for tried in self.train for item in tried.asked(None)])
        fruitless = 0
        while min(tried.oracle.left for tried in self.train) >= BASES and fruitless < ROUND:
            room = min(tried.oracle.left for tried in self.train) // BASES
            new = [trigger for trigger in self._proposals(best) if trigger not in scores][: min(ROUND, room)]
            fruitless = 0 if new else fruitless + 1
            for tried in self.train:
                # One call for the whole round; the scores come from the oracle's memory below.
                tried.oracle.ask([text for trigger in new for text in tried.texts(trigger)])
            for trigger in new:
                scores[trigger] = mean_score([item.score for tried in self.train for item in tried.asked(trigger)])
                if scores[trigger] > max(plain, scores.get(best, NOTHING) if best else NOTHING):
                    best = trigger
        return best

    def _proposals(self, best: Trigger | None) -> list[Trigger]:
        proposals: list[Trigger] = []
        for _ in range(4 * ROUND):
            if best is None or self.rng.random() < 0.2:
                words = tuple(self.rng.choice(self.vocabulary) for _ in range(self.rng.randint(1, 3)))
                trigger = (words, self.rng.choice(PLACES))
            else:
                trigger = self._changed(best)
            if trigger not in proposals and self.allowed(trigger):
                proposals.append(trigger)
            if len(proposals) >= ROUND:
                break
        return proposals

    def _changed(self, trigger: Trigger) -> Trigger:
        words, place = list(trigger[0]), trigger[1]
        kind = self.rng.choice(("insert", "replace", "delete", "move"))
        if kind == "insert" and len(words) < LONGEST:
            words.insert(self.rng.randint(0, len(words)), self.rng.choice(self.vocabulary))
        elif kind == "delete" and len(words) > 1:
            del words[self.rng.randrange(len(words))]
        elif kind == "move":
            place = PLACES[place == PLACES[0]]
        else:
            words[self.rng.randrange(len(words))] = self.rng.choice(self.vocabulary)
        return tuple(words), place

    def transfer(self, trigger: Trigger) -> tuple[Transfer, list[Find]]:
        """The trigger on the questions that took no part in the search.

        Raises:
            TargetError: the target broke its contract.
        """
        plain = [item for tried in self.test for item in tried.asked(None)]
        triggered = [item for tried in self.test for item in tried.asked(trigger)]
        finds = [find for tried in self.test for find in tried.oracle.finds(NAME) if find.text in tried.texts(trigger)]
        language = language_for(self.test[0].item.divided.question)
        return (
            Transfer(
                self.language, language.joiner.join(trigger[0]), trigger[1], len(self.train), len(self.test),
                Rate(sum(item.score[0] > 0 for item in plain), len(plain)),
                Rate(sum(item.score[0] > 0 for item in triggered), len(triggered)),
                mean_score([item.score for item in plain])[0] if plain else 0.0,
                mean_score([item.score for item in triggered])[0] if triggered else 0.0,
            ),
            finds,
        )  # fmt: skip

    @property
    def oracles(self) -> list[Oracle]:
        """One for every question."""
        return [tried.oracle for tried in (*self.train, *self.test)]


def run(search: Search) -> MethodResult:
    """Search in every language that has two questions or more; the result counts test questions alone."""
    groups: dict[str, list[Attacked]] = defaultdict(list)
    for item in search.questions:
        groups[item.divided.question.language].append(item)
    usable = {language: items for language, items in sorted(groups.items()) if len(items) >= FEWEST_QUESTIONS}
    finds: list[Find] = []
    transfers: list[Transfer] = []
    oracles: list[Oracle] = []
    started: set[str] = set()
    failure = None
    tested = 0
    for done, (language, items) in enumerate(usable.items(), 1):
        group = _LanguageSearch(search, language, items)
        oracles += group.oracles
        try:
            if (best := group.best()) is not None:
                transfer, found = group.transfer(best)
                transfers.append(transfer)
                finds += found
                started |= {
                    tried.oracle.divided.question.id
                    for tried in group.test
                    if any(item.score[0] > 0 for item in tried.asked(None))
                }
        except TargetError as error:
            failure = str(error)
        # Where a search was cut short, a question that no trigger was tried on did not stand.
        cut_short = any(oracle.exhausted for oracle in group.oracles)
        tested += sum(bool(tried.oracle.answered) or not cut_short for tried in group.test)
        if failure:
            break
        search.progress(done, len(usable))
    left_out = len(groups) - len(usable)
    note = (
        f"{left_out} language(s) with a single question left out: there is none to try a trigger on"
        if left_out
        else None
    )
    told = heard(oracles, tested)
    broken = {find.question_id for find in finds} | started
    return MethodResult(
        NAME, SUMMARY, sum(len(oracle.answered) for oracle in oracles), Rate(len(started), tested),
        Rate(len(broken), tested), tuple(finds), tuple(transfers), failure,
        "; ".join(filter(None, (note, told.note))) or None, told.exhausted,
    )  # fmt: skip


METHOD = Method(NAME, SUMMARY, "Wallace et al. 2019, Universal Adversarial Triggers; Filighera et al. 2020", run)
