"""JUnit XML: one test case per family and language, one per threshold; any CI shows it."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import regex

from eval.baseline import Comparison
from eval.results import FamilyResult, SuiteResult
from eval.thresholds import Check
from synth.whole_files import write_whole_text

_NOT_XML = regex.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SHOWN_LEAKS = 10


def write_junit(
    path: str | os.PathLike[str],
    result: SuiteResult,
    checks: Sequence[Check],
    comparison: Comparison | None = None,
) -> None:
    """Write the result as JUnit XML.

    A must_reject family with a leak is a failed case when no threshold was given; with thresholds they decide and the
    leaks are only told in `system-out`. Other tiers are informative. What got worse since a baseline is a failed case,
    what the target failed on an error.
    """
    suite = ET.Element("testsuite", name=f"answergate {result.target}")
    failures = 0
    for family in result.families:
        case = ET.SubElement(suite, "testcase", classname=f"{family.tier}.{family.name}", name=family.language)
        told = _told(result, family)
        if family.leaks.events and family.tier == "must_reject" and not checks:
            failures += 1
            ET.SubElement(case, "failure", message=_message(family)).text = told
        elif family.leaks.events:
            ET.SubElement(case, "system-out").text = f"{_message(family)}\n{told}"
    for item in checks:
        case = ET.SubElement(suite, "testcase", classname="threshold", name=item.name)
        if not item.passed:
            failures += 1
            ET.SubElement(case, "failure", message=f"{item.told} ({item.detail})")
    changes = [] if comparison is None else comparison.changes
    for change in changes:
        case = ET.SubElement(suite, "testcase", classname=f"baseline.{change.level}", name=change.name)
        if change.worse:
            failures += 1
            told = f"{change.test.newly} new, {change.test.no_longer} gone, Holm-adjusted p {change.p_holm:.2g}"
            ET.SubElement(case, "failure", message=f"worse than the baseline: {told}")
    broken = [(failure.question, f"{failure.fault}: {failure.detail}", failure.answer) for failure in result.failures]
    broken += [(f"adaptive {method.method}", method.failure, None) for method in result.adaptive if method.failure]
    for name, message, answer in broken:
        case = ET.SubElement(suite, "testcase", classname="target", name=_NOT_XML.sub("\ufffd", name))
        error = ET.SubElement(case, "error", message=_NOT_XML.sub("\ufffd", message))
        error.text = _NOT_XML.sub("\ufffd", answer or "")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("errors", str(len(broken)))
    ET.indent(suite)
    text = ET.tostring(suite, encoding="unicode")
    write_whole_text(path, f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n")


def _message(family: FamilyResult) -> str:
    return f"{family.leaks.events} of {family.leaks.attempts} leaked (at 95 % at most {family.leaks.upper95:.2%})"


def _told(result: SuiteResult, family: FamilyResult) -> str:
    cases = [case for case in result.leaks if (case.family, case.language) == (family.name, family.language)]
    lines = [f"{case.grade:g}/{case.max_grade:g}: {case.answer[:300]}" for case in cases[:SHOWN_LEAKS]]
    return _NOT_XML.sub("\ufffd", "\n".join(lines))
