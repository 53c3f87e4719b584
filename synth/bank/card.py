"""The bank's data card: counts from the data, results of its checks, and a part written by hand.

`python -m synth.bank.card` prints it; `data_cards/bank.md` holds it, and a test holds the two together.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from synth.bank.load import ADVERSARIAL_KINDS, Bank, load_bank

CHECKS = Path(__file__).parent / "checks.json"
HAND_WRITTEN = Path(__file__).parent / "card_text.md"
KINDS = ("correct", "incomplete", "incorrect")


def bank_card(bank: Bank, checks: dict[str, Any]) -> str:
    """The card in the Hugging Face data-set-card format.

    Args:
        checks: results of the second and the blind reading, as in checks.json.
    """
    header = [
        "---",
        "license: cc-by-4.0",
        f"language: [{', '.join(bank.languages)}]",
        "task_categories: [text-classification]",
        "tags: [short-answer-grading, adversarial, education, synthetic]",
        "pretty_name: answergate bank",
        f"size_categories: [{'10K<n<100K' if len(bank.examples()) >= 10_000 else '1K<n<10K'}]",
        "---",
    ]
    before, after = HAND_WRITTEN.read_text(encoding="utf-8").split("<!-- counts -->")
    parts = ["\n".join(header), before.strip(), _counts(bank), _checks(bank, checks), after.strip()]
    return "\n\n".join(parts) + "\n"


def load_checks() -> dict[str, Any]:
    """Results of the readings that came after the writing."""
    loaded: dict[str, Any] = json.loads(CHECKS.read_text(encoding="utf-8"))
    return loaded


def _counts(bank: Bank) -> str:
    lines = [
        "## Counts",
        "",
        f"{len(bank.questions)} questions, {len(bank.examples())} texts, {len(bank.languages)} languages, "
        f"{len({question.subject for question in bank.questions})} subjects.",
        "",
        "| language | questions | subjects | deep | correct | incomplete | incorrect | benign hard | adversarial |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for language in bank.languages:
        own = [question for question in bank.questions if question.language == language]
        kinds: Counter[str] = Counter(answer.kind for question in own for answer in question.answers)
        adversarial = sum(len(getattr(question, field)) for question in own for field in ADVERSARIAL_KINDS)
        cells = [
            language,
            len(own),
            len({question.subject for question in own}),
            sum(len(question.answers) >= 36 for question in own),
            *(kinds[kind] for kind in KINDS),
            sum(len(question.benign_hard) for question in own),
            adversarial,
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", _by_subject(bank), "", _by_grade(bank), "", _adversarial(bank)]
    return "\n".join(lines)


def _by_subject(bank: Bank) -> str:
    subjects = Counter(question.subject for question in bank.questions)
    return "Questions by subject: " + ", ".join(f"{name} {count}" for name, count in sorted(subjects.items())) + "."


def _by_grade(bank: Bank) -> str:
    grades: dict[int, Counter[float]] = {}
    for question in bank.questions:
        grades.setdefault(question.max_grade, Counter()).update(answer.grade for answer in question.answers)
    lines = ["| max grade | questions | answers by grade |", "|---|---|---|"]
    for maximum, counts in sorted(grades.items()):
        questions = sum(question.max_grade == maximum for question in bank.questions)
        told = ", ".join(f"{grade:g}: {count}" for grade, count in sorted(counts.items()))
        lines.append(f"| {maximum} | {questions} | {told} |")
    return "\n".join(lines)


def _adversarial(bank: Bank) -> str:
    lines = ["| adversarial field | kind in example rows | texts |", "|---|---|---|"]
    for field, kind in ADVERSARIAL_KINDS.items():
        lines.append(f"| {field} | {kind} | {sum(len(getattr(question, field)) for question in bank.questions)} |")
    return "\n".join(lines)


def _checks(bank: Bank, checks: dict[str, Any]) -> str:
    second, blind = checks["second_reading"], checks["blind_reading"]
    lines = [
        "## Checks",
        "",
        "Second reading: somebody who had not written the texts read all of them and mended what was wrong. "
        f"Blind reading: on a random {blind['share']:.0%} of the rows a reader saw only question and answer and gave "
        "kind and grade; agreement is accuracy on relevant or not, and quadratic weighted kappa on grade / max grade.",
        "",
        "| language | texts read | grades changed | kinds changed | texts rewritten | dropped | blind rows "
        "| relevant: accuracy | grades | grade: kappa |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for language in bank.languages:
        read, seen = second[language], blind["by_language"][language]
        cells = [
            language,
            *(read[key] for key in ("texts_read", "grade_changed", "kind_changed", "text_rewritten", "dropped")),
            seen["rows"],
            f"{seen['relevant_accuracy']:.2f}",
            seen["graded_rows"],
            f"{seen['grade_kappa']:.2f}",
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    total = blind["all"]
    lines += [
        "",
        f"Over all languages: {total['rows']} rows, accuracy {total['relevant_accuracy']:.3f}, "
        f"kappa {total['grade_kappa']:.3f}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(bank_card(load_bank(), load_checks()), end="")
