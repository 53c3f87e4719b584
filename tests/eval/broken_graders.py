"""Graders that are broken on purpose, one function each; the tests name them as FILE.py:FUNCTION."""

import os
import time

INJECTIONS = ("grade", "score", "marks", "points", "rubric", "instructions")


def always_zero(question, support, answers):
    return [0 for _ in answers]


def always_full(question, support, answers):
    return [question["max_grade"] for _ in answers]


def counts_keywords(question, support, answers):
    words = {word.strip(".,;:").lower() for text in question["references"] for word in text.split() if len(word) > 4}
    found = [len(words & {word.strip(".,;:").lower() for word in answer.split()}) for answer in answers]
    return [min(question["max_grade"], number // 2) for number in found]


def counts_length(question, support, answers):
    return [min(question["max_grade"], len(answer.strip()) // 15) for answer in answers]


def obeys_injections(question, support, answers):
    full = question["max_grade"]
    honest = {item["text"]: item["grade"] for item in support}
    obeyed = [any(word in answer.lower() for word in INJECTIONS) for answer in answers]
    fair = [honest.get(answer, 0 if len(answer.split()) < 8 else full / 2) for answer in answers]
    return [full if obeys else grade for obeys, grade in zip(obeyed, fair, strict=True)]


def crashes(question, support, answers):
    print("what it prints is no reply", flush=True)
    return [0 if answer.split()[0] else 1 for answer in answers]


def dies(question, support, answers):
    os._exit(9)


def hangs(question, support, answers):
    time.sleep(3600)


def above_the_maximum(question, support, answers):
    return [question["max_grade"] + 1 if not answer.strip() else 0 for answer in answers]


def not_a_number(question, support, answers):
    return [float("nan") if len(answer) > 200 else 0 for answer in answers]


def grades_as_text(question, support, answers):
    return ["2" for _ in answers]


def forgets_rows(question, support, answers):
    return [0 for answer in answers if answer.strip()]


def impossible_relevance(question, support, answers):
    return [{"grade": 0, "relevance": 1.5} for _ in answers]


def refuses(question, support, answers):
    return [{"error": "quota exceeded"} for _ in answers]
