"""Attack families: named, seeded makers of answers that a grader must not fall for, in the question's language.

`attack_families()` is the registry, `make_attacks` draws from one family for one question. A new family is a small
`AttackFamily` object in a module of its kin; its entry in docs/attacks.md is generated from it.
"""

from synth.attacks.base import Attack, AttackContext, AttackFamily, Severity, Tier
from synth.attacks.languages import language_codes
from synth.attacks.registry import UnknownFamilyError, attack_families, choose_families, get_family, make_attacks
from synth.attacks.samples import sample_context, sample_questions

__all__ = [
    "Attack",
    "AttackContext",
    "AttackFamily",
    "Severity",
    "Tier",
    "UnknownFamilyError",
    "attack_families",
    "choose_families",
    "get_family",
    "language_codes",
    "make_attacks",
    "sample_context",
    "sample_questions",
]
