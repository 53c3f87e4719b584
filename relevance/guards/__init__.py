"""Guards: deterministic rules that turn an answer away and say why. One module per guard; `guards()` lists them.

A guard errs on the side of letting through: what it lets through the relevance model still judges. An answer that
equals a graded answer with a grade above 0 is never put before a guard.
"""

from relevance.guards.base import Guard, GuardInput
from relevance.guards.registry import first_rejection, guards

__all__ = ["Guard", "GuardInput", "first_rejection", "guards"]
