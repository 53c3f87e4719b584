"""The table of attack families and how their attacks are drawn: seeded, deduplicated, checked against the answers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import ClassVar

from synth.attacks import (
    blanks,
    borrowed,
    characters,
    encodings,
    fluent,
    foreign,
    inflation,
    injections,
    keywords,
    master_keys,
    questions,
    refusals,
    semantic,
    typos,
    unicode_noise,
    words,
)
from synth.attacks.base import Attack, AttackContext, AttackFamily
from synth.attacks.drawing import PATIENCE, shuffled
from synth.attacks.material import material

MODULES = (
    blanks,
    refusals,
    characters,
    words,
    keywords,
    questions,
    borrowed,
    fluent,
    foreign,
    encodings,
    injections,
    master_keys,
    inflation,
    unicode_noise,
    typos,
    semantic,
)


class UnknownFamilyError(ValueError):
    """No attack family has this name; the message lists close matches."""

    exit_code: ClassVar[int] = 2

    def __init__(self, name: str) -> None:
        self.name = name
        wanted = name.lower().replace("_", "-").replace(" ", "-")
        self.close_matches = tuple(get_close_matches(wanted, attack_families(), n=3, cutoff=0.5))
        if self.close_matches:
            remedy = f"did you mean {' or '.join(self.close_matches)}?"
        else:
            remedy = f"choose from {', '.join(attack_families())}"
        super().__init__(f"no attack family '{name}'; {remedy}")


@lru_cache(maxsize=1)
def _families() -> dict[str, AttackFamily]:
    families: dict[str, AttackFamily] = {}
    for module in MODULES:
        for family in module.FAMILIES:
            if family.name in families:
                raise ValueError(f"two attack families are named '{family.name}'")
            families[family.name] = family
    return families


def attack_families() -> dict[str, AttackFamily]:
    """All families by name, in the order of the catalogue."""
    return dict(_families())


def get_family(name: str) -> AttackFamily:
    """The family of this name.

    Raises:
        UnknownFamilyError: there is none.
    """
    try:
        return _families()[name]
    except KeyError:
        raise UnknownFamilyError(name) from None


def make_attacks(family: AttackFamily | str, context: AttackContext, count: int, seed: int) -> list[Attack]:
    """At most `count` different attacks of one family on one question.

    The seed, the family's name and the question's id alone start the random numbers: the attacks on one question do
    not depend on which other questions or families run, and are the same in every process. A family of tier
    must_reject never gives a text that equals one of the question's graded answers (in any case, width and
    punctuation). Fewer than `count` come back when the family has no more for this question.

    Raises:
        UnknownFamilyError: `family` is a name that no family has.
        ValueError: `count` is negative.
    """
    if isinstance(family, str):
        family = get_family(family)
    if count < 0:
        raise ValueError(f"count {count} is negative; ask for 0 or more attacks")
    if count == 0 or not family.supports(context.question.language):
        return []
    rng = random.Random(f"{seed}\n{family.name}\n{context.question.id}")
    must_reject = family.tier == "must_reject"
    may_earn = material(context.question).may_earn
    attacks: dict[str, Attack] = {}
    wasted = 0
    for attack in _mixed(context.written.get(family.name, ()), family.generate(context, rng), rng):
        if attack.text in attacks or attack.text == attack.clean or (must_reject and may_earn(attack.text)):
            wasted += 1
            if wasted >= PATIENCE:
                break
            continue
        wasted = 0
        attacks[attack.text] = attack
        if len(attacks) >= count:
            break
    return list(attacks.values())


def _mixed(written: Sequence[str], generated: Iterator[Attack], rng: random.Random) -> Iterator[Attack]:
    """Written and generated texts in turn, then what is left of either."""
    for text in shuffled(rng, written):
        yield Attack(text)
        yield from islice(generated, 1)
    yield from generated


def choose_families(names: str) -> list[AttackFamily]:
    """Families by "all", by a tier's name, or by family names separated by commas, in the registry's order for the
    first two.

    Raises:
        UnknownFamilyError: a name is not a family.
    """
    chosen = [family for family in attack_families().values() if names in ("all", family.tier)]
    return chosen or [get_family(name.strip()) for name in names.split(",") if name.strip()]
