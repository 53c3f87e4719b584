"""Targets: what the suite attacks. A target learns a question from graded answers and grades texts.

`open_target` opens any of them by name: our artifacts, a Python function, an HTTP endpoint, a command on JSON lines, a
language model behind an OpenAI-compatible endpoint. A new kind is one new module with a `KIND`, listed in `registry`.
"""

from eval.targets.base import Target, TargetConfigError, TargetError, TargetExhaustedError, TargetGrade
from eval.targets.checking import grade_checked
from eval.targets.full_grader import FullGraderTarget
from eval.targets.registry import KINDS, kind_of, open_target
from eval.targets.settings import TargetSettings, read_target_file, target_settings

__all__ = [
    "KINDS",
    "FullGraderTarget",
    "Target",
    "TargetConfigError",
    "TargetError",
    "TargetExhaustedError",
    "TargetGrade",
    "TargetSettings",
    "grade_checked",
    "kind_of",
    "open_target",
    "read_target_file",
    "target_settings",
]
