"""plan says what a corpus shall hold: a typed YAML file, every error of which is reported at its line."""

from synth.plan.model import ModelSpec, Plan, QuestionSource, Syllabus
from synth.plan.read import PlanError, read_plan

__all__ = ["ModelSpec", "Plan", "PlanError", "QuestionSource", "Syllabus", "read_plan"]
