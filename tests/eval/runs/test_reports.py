"""Every report says what the result says, in the form its reader needs."""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from eval.baseline import compare
from eval.contract import ResultFileError
from eval.history import read_history, store_run
from eval.reports import (
    check_lines,
    comparison_lines,
    markdown_summary,
    summary_lines,
    write_html,
    write_junit,
    write_markdown,
    write_sarif,
)
from eval.results import SuiteResult
from eval.thresholds import Check, check
from eval.thresholds_file import default_thresholds

Attacked = Callable[..., SuiteResult]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name", "rules"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id", "shortDescription"],
                                            "properties": {"id": {"type": "string"}, "shortDescription": TEXT},
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "invocations": {"items": {"required": ["executionSuccessful"]}},
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message", "ruleId", "level", "locations", "partialFingerprints"],
                            "properties": {
                                "message": TEXT,
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "required": ["physicalLocation"],
                                        "properties": {
                                            "physicalLocation": {
                                                "required": ["artifactLocation"],
                                                "properties": {
                                                    "artifactLocation": {"required": ["uri"]},
                                                    "region": {"properties": {"startLine": {"minimum": 1}}},
                                                },
                                            }
                                        },
                                    },
                                },
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What SARIF 2.1.0 (OASIS) requires of the parts that are used here, and what GitHub requires beyond it."""


@pytest.fixture(scope="module")
def leaking(attacked: Attacked, planted: type) -> SuiteResult:
    return attacked(planted(leaks=200, away=100))


@pytest.fixture(scope="module")
def better(attacked: Attacked, planted: type) -> SuiteResult:
    return attacked(planted(leaks=20))


@pytest.fixture(scope="module")
def checks(leaking: SuiteResult) -> list[Check]:
    return check(leaking, default_thresholds())


def test_sarif_has_the_structure_that_2_1_0_requires(leaking: SuiteResult, checks: list[Check], tmp_path: Path) -> None:
    write_sarif(tmp_path / "report.sarif", leaking, checks, [Path("data/graded.jsonl")])
    log = json.loads((tmp_path / "report.sarif").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SARIF).validate(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert all(rules[row["ruleIndex"]] == row["ruleId"] for row in run["results"])
    promised = {case.family for case in leaking.leaks}
    assert set(rules) == promised | {"false-rejection", "limit"}
    prints = [row["partialFingerprints"]["answergateCase/v1"] for row in run["results"]]
    assert len(set(prints)) == len(prints), "code scanning tells results apart by them"
    uris = {row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for row in run["results"]}
    assert uris == {"data/graded.jsonl"}


def test_junit_counts_limits_and_what_got_worse(
    leaking: SuiteResult, better: SuiteResult, checks: list[Check], tmp_path: Path
) -> None:
    comparison = compare(leaking, better)
    write_junit(tmp_path / "report.xml", leaking, checks, comparison)
    suite = ET.parse(tmp_path / "report.xml").getroot()
    assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    failed = [case for case in suite.findall("testcase") if case.find("failure") is not None]
    assert int(suite.attrib["failures"]) == len(failed)
    assert len(failed) == sum(not item.passed for item in checks) + len(comparison.worse)


def test_markdown_for_a_pull_request(
    leaking: SuiteResult, better: SuiteResult, checks: list[Check], tmp_path: Path
) -> None:
    (tmp_path / "summary.md").write_text("earlier\n", encoding="utf-8")
    write_markdown(tmp_path / "summary.md", leaking, checks, compare(leaking, better))
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert text.startswith("earlier\n## Adversarial suite: worse than the baseline")
    assert "**Broken limits**" in text and "**must_reject**" in text and "Cases that are new" in text
    assert text.count("<details>") == text.count("</details>") > 1
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert tables and all(line.endswith("|") for line in tables)


def test_an_attackers_markdown_means_nothing(leaking: SuiteResult) -> None:
    evil = replace(
        next(case for case in leaking.leaks if case.family == "refusal"),
        answer="`` </details> @everyone | [x](y)\n# big ``` <img src=x>",
    )
    text = markdown_summary(replace(leaking, leaks=(evil,)), [])
    line = next(line for line in text.splitlines() if "@everyone" in line)
    fence = re.search(r"`{4,}", line)
    assert fence and line.count(fence[0]) == 2 and line.endswith(fence[0])


def test_the_terminal_has_80_columns(leaking: SuiteResult, better: SuiteResult, checks: list[Check]) -> None:
    lines = [*summary_lines(leaking), *check_lines(checks), *comparison_lines(compare(leaking, better))]
    assert [line for line in lines if len(line) > 80] == []
    assert any("WORSE" in line for line in lines) and any(line.startswith("BROKEN") for line in lines)
    assert any("came out the same" in line for line in comparison_lines(compare(better, better)))


def test_history_and_its_trend(leaking: SuiteResult, better: SuiteResult, tmp_path: Path) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day, result in enumerate((leaking, leaking, better)):
        store_run(tmp_path / "runs", result, f"v{day} / x", start + timedelta(days=day))
    (tmp_path / "runs" / "notes.json").write_text("mine", encoding="utf-8")
    history = read_history(tmp_path / "runs")
    assert [run.label for run in history] == ["v0-x", "v1-x", "v2-x"]
    assert history[-1].must_reject == better.must_reject and history[0].time == start
    write_html(tmp_path / "page.html", better, (), history=history)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<polyline") == 2 and "v2-x" in page
    (tmp_path / "runs" / "20260105T000000Z.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ResultFileError, match="20260105T000000Z"):
        read_history(tmp_path / "runs")


def test_the_page_stands_alone(leaking: SuiteResult, better: SuiteResult, checks: list[Check], tmp_path: Path) -> None:
    write_html(tmp_path / "page.html", leaking, checks, better, compare(leaking, better))
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    head, body = page.split("<body>")
    assert "http" not in head and "<script" not in page and "src=" not in page and "@import" not in head
    assert "Worse than the baseline" in body and "prefers-color-scheme: dark" in head
    assert all(family in body for family in leaking.family_names())
    assert 'dir="rtl"' in body


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the page is not tried in a real browser")
@pytest.mark.parametrize("width", [390, 1280])
def test_a_real_browser_shows_the_page_without_sideways_scrolling(
    leaking: SuiteResult, better: SuiteResult, checks: list[Check], tmp_path: Path, width: int
) -> None:
    write_html(tmp_path / "page.html", leaking, checks, better, compare(leaking, better))
    # The browser itself writes what it measured into the page, which it then prints.
    script = (
        "<script>addEventListener('load', () => { const root = document.documentElement;"
        " root.dataset.measured = [root.scrollWidth > innerWidth, document.querySelectorAll('.case').length,"
        " getComputedStyle(document.querySelector('.figure')).display].join(' ') })</script></body>"
    )
    page = (tmp_path / "page.html").read_text(encoding="utf-8").replace("</body>", script)
    (tmp_path / "measured.html").write_text(page, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'browser'}"]
    done = subprocess.run(
        [str(CHROMIUM), *flags, f"--window-size={width},900", "--dump-dom", (tmp_path / "measured.html").as_uri()],
        capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    found = re.search(r'data-measured="(\w+) (\d+) (\w+)"', done.stdout)
    assert found, done.stderr[-500:]
    assert found[1] == "false" and int(found[2]) > 10 and found[3] == "block"
