"""The catalogue of attack families for a terminal of 80 columns."""

from __future__ import annotations

import textwrap

from synth.attacks import AttackFamily, attack_families, language_codes, make_attacks, sample_context
from synth.attacks.catalogue import TIERS, shown

WIDTH = 80


def catalogue_lines() -> list[str]:
    """Every family in one line, by tier, and the count of families x languages."""
    families, codes = attack_families(), language_codes()
    supported = sum(family.supports(code) for family in families.values() for code in codes)
    lines = [f"{len(families)} families in {len(codes)} languages: {supported} pairs of a family and a language"]
    for tier, meaning in TIERS.items():
        own = [family for family in families.values() if family.tier == tier]
        lines += ["", f"{tier}: {meaning} ({len(own)})"]
        for family in own:
            languages = "all" if family.languages is None else str(sum(family.supports(code) for code in codes))
            told = textwrap.shorten(family.summary, WIDTH - 45, placeholder="…")
            lines.append(f"  {family.name:<28}{family.severity:<9}{languages:>4}  {told}")
    lines += ["", "With a NAME it shows examples in every language; --out FILE writes all of them."]
    return lines


def family_lines(family: AttackFamily) -> list[str]:
    """One family with an example in every language."""
    lines = [f"{family.name}: {family.tier} ({TIERS[family.tier]}), severity {family.severity}"]
    lines += textwrap.wrap(family.summary, WIDTH)
    lines += textwrap.wrap(f"Source: {family.source}", WIDTH)
    for code in language_codes():
        attacks = make_attacks(family, sample_context(code), 1, 0)
        if attacks:
            lines.append(f"  {code:<3} {shown(attacks[0].text).replace(chr(92) + '|', '|').strip('`')}")
    return lines
