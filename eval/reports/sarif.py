"""SARIF 2.1.0 (OASIS), for code scanning: a rule per family and per limit, a result per leak and per broken limit."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eval.outcomes import GENUINE, Case
from eval.results import SuiteResult
from eval.thresholds import Check
from synth.attacks import attack_families
from synth.whole_files import write_whole_text

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"critical": "error", "high": "error", "medium": "warning"}
SECURITY_SEVERITY = {"critical": "9.0", "high": "7.0", "medium": "5.0"}
"""What GitHub sorts by: a number as text, 7.0 and above is high, 9.0 and above critical."""
SHOWN_LEAKS = 10
"""Results per family and language: code scanning is to be read, the JSON report is complete."""
LONGEST = 300
PROMISED = ("must_reject", "must_not_gain", "must_not_move")


def write_sarif(
    path: str | os.PathLike[str], result: SuiteResult, checks: Sequence[Check], sources: Sequence[Path] = ()
) -> None:
    """Write the result as SARIF.

    Args:
        sources: the graded files. Results point at the first one (code scanning needs a file of the repository), or at
            the report itself for the bundled bank.
    """
    place = sources[0].as_posix() if sources else Path(path).name
    write_whole_text(path, json.dumps(sarif_log(result, checks, place), indent=2, ensure_ascii=False) + "\n")


def sarif_log(result: SuiteResult, checks: Sequence[Check], place: str) -> dict[str, Any]:
    """The log as a JSON object; `place` is the file that results point at, relative to the repository."""
    tiers = {family.name: (family.tier, family.severity) for family in result.families}
    rules: dict[str, dict[str, Any]] = {}
    results = []
    counts: dict[tuple[str, str], int] = {}
    for case in result.leaks:
        tier, severity = tiers[case.family]
        counts[case.family, case.language] = counts.get((case.family, case.language), 0) + 1
        if tier in PROMISED and counts[case.family, case.language] <= SHOWN_LEAKS:
            rules.setdefault(case.family, _family_rule(case.family, tier, severity))
            results.append(_result(case.family, LEVELS[severity], _leak_message(case, tier), place, _identity(case)))
    for case in result.false_rejections:
        rules.setdefault("false-rejection", _rule("false-rejection", "An honest answer was turned away.", "5.0"))
        message = f"Turned away ({case.reason}), {case.language}: {_cut(case.answer)}"
        results.append(_result("false-rejection", "warning", message, place, _identity(case)))
    for item in checks:
        if not item.passed:
            rules.setdefault("limit", _rule("limit", "A limit of the thresholds is broken.", "9.0"))
            results.append(_result("limit", "error", f"{item.told} ({item.detail})", place, f"limit {item.name}"))
    order = list(rules)
    for row in results:
        row["ruleIndex"] = order.index(row["ruleId"])
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "answergate",
                        "semanticVersion": "0.1.0",
                        "informationUri": "https://github.com/answergate/answergate",
                        "rules": list(rules.values()),
                    }
                },
                "automationDetails": {"id": "answergate/adversarial/"},
                "invocations": [{"executionSuccessful": result.complete}],
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": {"target": result.target, "seed": result.settings["seed"]},
            }
        ],
    }


def _family_rule(name: str, tier: str, severity: str) -> dict[str, Any]:
    known = attack_families().get(name)
    summary = known.summary if known else f"Attacks of the family {name}."
    rule = _rule(name, summary, SECURITY_SEVERITY[severity])
    rule["properties"]["tags"] += [tier, severity]
    if known:
        rule["help"] = {"text": f"{known.summary} Tier {tier}. Source: {known.source}."}
    return rule


def _rule(name: str, summary: str, security_severity: str) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": summary},
        "properties": {"tags": ["security"], "security-severity": security_severity},
    }


def _result(rule: str, level: str, message: str, place: str, identity: str) -> dict[str, Any]:
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": place}, "region": {"startLine": 1}}},
        ],
        "partialFingerprints": {"answergateCase/v1": identity},
    }


def _identity(case: Case) -> str:
    return f"{case.question_id}-{case.case}" if case.family != GENUINE else f"{case.question_id}-{GENUINE}-{case.case}"


def _leak_message(case: Case, tier: str) -> str:
    told = f"graded {case.grade:g} of {case.max_grade:g}"
    if tier != "must_reject" and case.clean_grade is not None:
        told += f", the answer it was made from {case.clean_grade:g}"
    return f"{case.family}, {case.language}: {told}. Question: {_cut(case.question)} Answer: {_cut(case.answer)}"


def _cut(text: str) -> str:
    flat = " ".join(text.split()) or "(blank)"
    # Lone surrogates cannot be written as UTF-8, and code scanning refuses the file.
    flat = flat.encode("utf-8", "replace").decode("utf-8")
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
