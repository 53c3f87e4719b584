"""rivals: other ways to grade from a few graded answers, one small module each, for the same table."""

from grader.rivals.base import Graded, Rival, Task
from grader.rivals.constant import CONSTANT
from grader.rivals.learned import UNTRAINED, grader_rival
from grader.rivals.logistic import LOGISTIC, LOGISTIC_CV, TFIDF
from grader.rivals.maml import MamlStart, maml_rival, train_maml
from grader.rivals.neighbours import NEAREST_NEIGHBOURS
from grader.rivals.ridge import EVIDENCE_RIDGE, RIDGE
from grader.rivals.setfit import setfit_rival

RIVALS: dict[str, Rival] = {
    rival.name: rival
    for rival in (CONSTANT, NEAREST_NEIGHBOURS, TFIDF, LOGISTIC, LOGISTIC_CV, RIDGE, EVIDENCE_RIDGE, UNTRAINED)
}
"""Rivals that need nothing but the task; `maml_rival`, `setfit_rival` and `grader_rival` make those that need more."""

__all__ = [
    "RIVALS",
    "Graded",
    "MamlStart",
    "Rival",
    "Task",
    "grader_rival",
    "maml_rival",
    "setfit_rival",
    "train_maml",
]
