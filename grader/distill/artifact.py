"""Students as a folder: config.json, model.safetensors, card.md. Loading and grading need numpy and no encoder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from grader.artifact import ArtifactError
from grader.distill.features import SIGNALS, CheapReader
from grader.distill.question import StudentQuestion
from grader.distill.student import Student, StudentSettings
from grader.levels import GradeScale
from relevance.artifact import write_artifact_folder
from synth.graded import GradedQuestion

FORMAT = "answergate-student/1"


def save_students(
    students: Mapping[str, tuple[GradedQuestion, StudentQuestion]],
    settings: StudentSettings,
    folder: str | os.PathLike[str],
    training: Mapping[str, Any],
) -> Path:
    """Write the students of some questions, by question id, in half precision; `training` says who taught them."""
    tensors = {
        f"{key}/{column.name}": np.ascontiguousarray(getattr(item.student, column.name), dtype=np.float16)
        for key, (_, item) in students.items()
        for column in fields(Student)
    }
    questions = {
        key: {
            "text": question.text,
            "language": question.language,
            "max_grade": question.max_grade,
            "references": list(question.references),
            "steps": item.scale.steps,
        }
        for key, (question, item) in students.items()
    }
    config = {
        "format": FORMAT,
        "signals": list(SIGNALS),
        "settings": asdict(settings),
        "questions": questions,
        "training": dict(training),
    }
    largest = max((item.student.parameters for _, item in students.values()), default=0)
    facts = "\n".join(f"- {name}: {value}" for name, value in training.items())
    card = f"""# Students of {len(students)} questions

Small networks on letters and words, one per question, at most {largest:,} numbers each. They need numpy and no encoder.

{facts}

A student knows its own question only, and takes every text for an honest answer: put a gate before it. The grades are
proposals for a teacher.
"""
    return write_artifact_folder(folder, config, tensors, card)


def load_students(folder: str | os.PathLike[str]) -> dict[str, tuple[GradedQuestion, StudentQuestion]]:
    """Question id -> (question without answers, student).

    Raises:
        ArtifactError: not a folder of students, or damaged.
    """
    folder = Path(folder)
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config["format"] != FORMAT or tuple(config["signals"]) != SIGNALS:
            raise ValueError(f"format {config['format']}, not {FORMAT} with this version's signals")
        tensors = load_file(folder / "model.safetensors")
        settings = StudentSettings(**config["settings"])
        found = {}
        for key, item in config["questions"].items():
            references = tuple(item["references"])
            question = GradedQuestion(key, item["text"], item["language"], item["max_grade"], (), references)
            student = Student(*(tensors[f"{key}/{column.name}"].astype(np.float64) for column in fields(Student)))
            reader = CheapReader(question, settings.width, settings.signals)
            found[key] = (question, StudentQuestion(student, reader, GradeScale(item["max_grade"], item["steps"])))
        return found
    except Exception as error:
        # safetensors raises its own error class for a damaged file; every cause has the same remedy.
        raise ArtifactError(f"{folder}: not a usable folder of students ({error}); distil them again") from error
