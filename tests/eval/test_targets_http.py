"""HTTP endpoints as targets, against a real server on the loopback address."""

import json
import time
from pathlib import Path

import pytest

import answergate
from eval.target_options import chosen_target
from eval.targets import (
    TargetConfigError,
    TargetError,
    TargetExhaustedError,
    grade_checked,
    open_target,
    target_settings,
)
from eval.targets.http import HttpTarget, read_headers
from synth.graded import GradedAnswer, GradedQuestion
from synth.retry_after import retry_after

QUESTION = GradedQuestion("q1", "Why is the sky <blue>?", "en", 2.0, (GradedAnswer("scattering", 2.0),))


def graded(body, number):
    return 200, {"grades": [{"grade": min(2, len(text)), "relevance": 0.5} for text in body["answers"]]}, {}


def test_a_simple_endpoint_needs_no_template(json_server) -> None:
    server = json_server(graded)
    with open_target(target_settings(f"{server.url}/grade?key=secret", batch=2)) as (target, described):
        results = grade_checked(target, QUESTION, QUESTION.answers, ["", "a", "ab", "abc"])
    assert [result.grade for result in results] == [0, 1, 2, 2]
    assert results[0].relevance == 0.5
    assert sorted(len(body["answers"]) for body in server.bodies) == [2, 2]
    assert server.bodies[0]["question"]["text"] == QUESTION.text
    assert server.bodies[0]["support"] == [{"text": "scattering", "grade": 2.0}]
    assert "secret" not in json.dumps(described) and "secret" not in target.name


def test_two_templates_speak_any_shape(json_server, tmp_path: Path) -> None:
    def respond(body, number):
        assert set(body) == {"prompt", "texts", "top"}
        return 200, {"data": {"rows": [{"points": 2 * len(text), "why": "off"} for text in body["texts"]]}}, {}

    (tmp_path / "request.j2").write_text(
        '{"prompt": {{ question.text | tojson }}, "texts": {{ answers | tojson }}, "top": {{ 2 * question.max_grade }}}'
    )
    (tmp_path / "response.j2").write_text(
        "[{% for row in reply.data.rows %}"
        '{"grade": {{ row.points / 2 }}, "reason": {{ row.why | tojson }}}{{ "," if not loop.last }}{% endfor %}]'
    )
    server = json_server(respond)
    settings = target_settings(server.url, request=tmp_path / "request.j2", response=tmp_path / "response.j2")
    with open_target(settings) as (target, _):
        results = target.grade(QUESTION, QUESTION.answers, ['"', "<b"])
    assert [(result.grade, result.reason) for result in results] == [(1, "off"), (2, "off")]
    assert server.bodies[0]["prompt"] == QUESTION.text and server.bodies[0]["texts"] == ['"', "<b"]


def test_one_answer_per_request_and_a_bare_number(json_server) -> None:
    server = json_server(lambda body, number: (200, len(body), {}))
    target = HttpTarget(server.url, "plain", request="{{ answer }}", batch=1)
    try:
        assert [result.grade for result in target.grade(QUESTION, (), ["ab", "x"])] == [2, 1]
    finally:
        target.close()


def test_headers_come_from_the_environment(json_server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_TOKEN", "s3cret")
    server = json_server(graded)
    settings = target_settings(server.url, headers={"Authorization": "Bearer env:GRADER_TOKEN", "X-Plain": "1"})
    with open_target(settings) as (target, described):
        target.grade(QUESTION, (), ["a"])
    assert server.headers[0]["authorization"] == "Bearer s3cret" and server.headers[0]["x-plain"] == "1"
    assert "s3cret" not in json.dumps(described)
    with pytest.raises(TargetConfigError, match="no variable NOT_THERE; export it"):
        read_headers({"Authorization": "env:NOT_THERE"})


def test_errors_that_pass_are_waited_out(json_server) -> None:
    times = []

    def respond(body, number):
        times.append(time.monotonic())
        if number == 0:
            return 429, {"error": "slow down"}, {"retry-after": "0.4"}
        if number == 1:
            return 503, "overloaded", {}
        return graded(body, number)

    server = json_server(respond)
    with open_target(target_settings(server.url)) as (target, _):
        assert target.grade(QUESTION, (), ["a"])[0].grade == 1
    assert len(times) == 3 and times[1] - times[0] >= 0.4


def test_a_target_that_takes_no_more_keeps_what_it_graded(json_server) -> None:
    def respond(body, number):
        return graded(body, number) if number < 3 else (429, "no attempts left", {"retry-after": "86400"})

    server = json_server(respond)
    wanted = pytest.raises(TargetExhaustedError, match=r"no attempts left.*asks to wait for 86400 s")
    with open_target(target_settings(server.url, batch=1, concurrency=1)) as (target, _), wanted as caught:
        grade_checked(target, QUESTION, (), ["", "a", "ab", "b", "bc"])
    error = caught.value
    assert [item and item.grade for item in error.graded] == [0, 1, 2, None, None]
    assert (error.fault, error.exit_code, error.question, error.answer) == ("exhausted", 4, QUESTION.text, None)
    assert [body["answers"] for body in server.bodies] == [[""], ["a"], ["ab"], ["b"]], "one refusal is enough"


def test_grades_given_before_the_end_are_looked_at_too(json_server) -> None:
    server = json_server(lambda body, number: (200, [99], {}) if number == 0 else (429, "", {"retry-after": "86400"}))
    wanted = pytest.raises(TargetError, match="99")
    with open_target(target_settings(server.url, batch=1, concurrency=1)) as (target, _), wanted as caught:
        grade_checked(target, QUESTION, (), ["a", "b"])
    assert caught.value.fault == "out of range"


def test_a_fault_stays_when_there_are_no_queries_left_to_find_its_place(json_server) -> None:
    server = json_server(lambda body, number: (429, "", {"retry-after": "86400"}) if number else (200, "<html>", {}))
    with open_target(target_settings(server.url)) as (target, _), pytest.raises(TargetError, match="<html>") as caught:
        grade_checked(target, QUESTION, (), ["a", "b"])
    assert (caught.value.fault, caught.value.answer, len(server.bodies)) == ("garbage", None, 2)


def test_a_limit_that_outlasts_all_tries_is_the_end_too(json_server) -> None:
    server = json_server(lambda body, number: (429, "slow down", {}))
    wanted = pytest.raises(TargetExhaustedError, match=r"slow down.*\(2 tries\)")
    with open_target(target_settings(server.url, retries=1)) as (target, _), wanted as caught:
        target.grade(QUESTION, (), ["a"])
    assert caught.value.graded == (None,) and len(server.bodies) == 2


def test_who_is_told_to_wait_keeps_the_turn(json_server) -> None:
    """One try more is enough for everybody where the server takes one answer at a time and wants a pause."""
    last = [0.0]

    def respond(body, number):
        if time.monotonic() - last[0] < 0.3:
            return 429, "too soon", {"retry-after": "0.3"}
        last[0] = time.monotonic()
        return graded(body, number)

    server = json_server(respond)
    with open_target(target_settings(server.url, batch=1, concurrency=1, retries=1)) as (target, _):
        assert [item.grade for item in target.grade(QUESTION, (), ["", "a", "ab"])] == [0, 1, 2]
    assert [body["answers"][0] for body in server.bodies] == ["", "a", "a", "ab", "ab"]


def test_the_address_may_name_the_question(json_server) -> None:
    server = json_server(graded)
    with open_target(target_settings(server.url + "/questions/{{ question.id }}/grade")) as (target, described):
        target.grade(QUESTION, (), ["a"])
    assert server.paths == ["/questions/q1/grade"]
    assert described["url"] == server.url + "/questions/{{ question.id }}/grade"
    with pytest.raises(TargetConfigError, match="address template"), open_target(target_settings("http://h/{{ x")):
        pass


def test_a_run_whose_target_takes_no_more_has_not_passed(json_server, graded_path: Path, capsys) -> None:
    server = json_server(lambda body, number: (429, "no attempts left", {"retry-after": "86400"}))
    command = ["eval", "adversarial", "--questions", str(graded_path), "--families", "blank", "--target", server.url]
    assert answergate.main(command) == 4
    told = capsys.readouterr().err
    assert "INCOMPLETE" in told and "exhausted: HTTP 429" in told


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert retry_after({}) is None and retry_after({"retry-after": "soon"}) is None


@pytest.mark.parametrize(
    ("status", "fault", "asked"),
    [(500, "unreachable", 3), (404, "refused", 1), (401, "refused", 1), (302, "refused", 1)],
)
def test_what_does_not_pass_is_an_error_with_the_place(json_server, status: int, fault: str, asked: int) -> None:
    server = json_server(lambda body, number: (status, "nobody here", {}))
    wanted = pytest.raises(TargetError, match=f"HTTP {status}.*nobody here")
    with open_target(target_settings(server.url, retries=2)) as (target, _), wanted as caught:
        target.grade(QUESTION, (), ["a"])
    assert (caught.value.fault, caught.value.question, caught.value.answer) == (fault, QUESTION.text, "a")
    assert len(server.bodies) == asked


def test_a_slow_and_an_absent_endpoint_are_told_apart(json_server) -> None:
    server = json_server(lambda body, number: (time.sleep(1), graded(body, number))[1])
    wanted = pytest.raises(TargetError, match=r"no reply within 0\.2 s")
    with open_target(target_settings(server.url, retries=0, timeout=0.2)) as (target, _), wanted as caught:
        target.grade(QUESTION, (), ["a"])
    assert caught.value.fault == "timeout"
    absent = target_settings("http://127.0.0.1:9/grade", retries=0)
    with open_target(absent) as (target, _), pytest.raises(TargetError) as caught:
        target.grade(QUESTION, (), ["a"])
    assert caught.value.fault == "unreachable"


@pytest.mark.parametrize("reply", ["<html>", {"grades": "none"}, {"points": [1]}, [[1]]])
def test_garbage_is_garbage(json_server, reply) -> None:
    server = json_server(lambda body, number: (200, reply, {}))
    with open_target(target_settings(server.url)) as (target, _), pytest.raises(TargetError) as caught:
        target.grade(QUESTION, (), ["a"])
    assert caught.value.fault in ("garbage", "not a number")


def test_a_reply_that_the_template_does_not_fit_is_the_targets_fault(json_server, tmp_path: Path) -> None:
    (tmp_path / "response.j2").write_text("{{ reply.results | tojson }}")
    server = json_server(lambda body, number: (200, {"oops": 1}, {}))
    settings = target_settings(server.url, response=tmp_path / "response.j2")
    with open_target(settings) as (target, _), pytest.raises(TargetError, match="oops") as caught:
        target.grade(QUESTION, (), ["a"])
    assert caught.value.fault == "garbage"


def test_a_template_that_cannot_be_used_is_wrong_use(json_server, tmp_path: Path) -> None:
    (tmp_path / "bad.j2").write_text("{% for x in %}")
    (tmp_path / "unknown.j2").write_text("{{ questoin.text }}")
    with (
        pytest.raises(TargetConfigError, match="line 1"),
        open_target(target_settings("http://h", request=tmp_path / "bad.j2")),
    ):
        pass
    with (
        pytest.raises(TargetConfigError, match=r"no\.j2"),
        open_target(target_settings("http://h", request=tmp_path / "no.j2")),
    ):
        pass
    settings = target_settings(json_server(graded).url, request=tmp_path / "unknown.j2")
    with open_target(settings) as (target, _), pytest.raises(TargetConfigError, match="it may use question, support"):
        target.grade(QUESTION, (), ["a"])


def test_requests_fly_together_but_no_more_than_allowed(json_server) -> None:
    server = json_server(lambda body, number: (time.sleep(0.05), graded(body, number))[1])
    with open_target(target_settings(server.url, batch=1, concurrency=3)) as (target, _):
        results = target.grade(QUESTION, (), ["x" * (number % 3) for number in range(12)])
    assert [result.grade for result in results] == [number % 3 for number in range(12)]
    assert 2 <= server.most_in_flight <= 3


def test_the_command_line_reaches_an_endpoint(json_server, graded_path: Path, capsys, tmp_path: Path) -> None:
    def respond(body, number):
        top = body["question"]["max_grade"]
        return 200, [top if "points" in text or "marks" in text else 0 for text in body["answers"]], {}

    server = json_server(respond)
    report = tmp_path / "r.json"
    code = answergate.main(
        [
            *("eval", "adversarial", "--questions", str(graded_path), "--families", "injection-plea,blank"),
            *("--target", server.url, "--http-header", "X-A=1", "--batch", "16", "--json", str(report)),
        ]
    )
    assert code == 1
    leaks = {row["name"]: row["leaks"] for row in json.loads(report.read_text())["families"]}
    assert leaks["blank"] == 0 < leaks["injection-plea"]
    assert server.headers[0]["x-a"] == "1"
    wrong = answergate.build_parser().parse_args(["eval", "adversarial", "--http-header", "X"])
    with pytest.raises(TargetConfigError, match="NAME=VALUE"):
        chosen_target(wrong)
