"""JUnit XML: one test case per family and language, one per threshold; any CI shows it."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import regex

from eval.results import FamilyResult, SuiteResult
from eval.thresholds import LEAK_CHECK, Check

_NOT_XML = regex.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SHOWN_LEAKS = 10


def write_junit(path: str | os.PathLike[str], result: SuiteResult, checks: Sequence[Check]) -> None:
    """Write the result as JUnit XML.

    A must_reject family with a leak is a failed case when no threshold for leaks was given; with one it decides and the
    leaks are only told in `system-out`. Other tiers are informative. What the target failed on is an error.
    """
    suite = ET.Element("testsuite", name=f"answergate {result.target}")
    failures = 0
    decided = any(item.name == LEAK_CHECK for item in checks)
    for family in result.families:
        case = ET.SubElement(suite, "testcase", classname=f"{family.tier}.{family.name}", name=family.language)
        told = _told(result, family)
        if family.leaks.events and family.tier == "must_reject" and not decided:
            failures += 1
            ET.SubElement(case, "failure", message=_message(family)).text = told
        elif family.leaks.events:
            ET.SubElement(case, "system-out").text = f"{_message(family)}\n{told}"
    for item in checks:
        case = ET.SubElement(suite, "testcase", classname="threshold", name=item.name)
        if not item.passed:
            failures += 1
            message = f"{item.observed:.4%} is above {item.limit:.4%}: {item.detail}"
            ET.SubElement(case, "failure", message=message)
    broken = [(failure.question, f"{failure.fault}: {failure.detail}", failure.answer) for failure in result.failures]
    broken += [(f"adaptive {method.method}", method.failure, None) for method in result.adaptive if method.failure]
    for name, message, answer in broken:
        case = ET.SubElement(suite, "testcase", classname="target", name=_NOT_XML.sub("\ufffd", name))
        ET.SubElement(case, "error", message=_NOT_XML.sub("\ufffd", message)).text = _NOT_XML.sub(
            "\ufffd", answer or ""
        )
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("errors", str(len(broken)))
    ET.indent(suite)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _message(family: FamilyResult) -> str:
    return f"{family.leaks.events} of {family.leaks.attempts} leaked (at 95 % at most {family.leaks.upper95:.2%})"


def _told(result: SuiteResult, family: FamilyResult) -> str:
    cases = [case for case in result.leaks if (case.family, case.language) == (family.name, family.language)]
    lines = [f"{case.grade:g}/{case.max_grade:g}: {case.answer[:300]}" for case in cases[:SHOWN_LEAKS]]
    return _NOT_XML.sub("\ufffd", "\n".join(lines))
