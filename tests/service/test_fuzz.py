"""Requests made from the OpenAPI description, fitting and broken, as teacher and as student: no internal error."""

import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from service.client import Client

from .conftest import Served

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
"""Of each endpoint, role and mode; raise it to search longer."""
EXPENSIVE = "POST /api/v1/questions/{question_id}/suite"
"""Its jobs run on and slow all that follows: once is enough."""

Ids = Callable[[], dict[str, Any]]


@pytest.fixture(scope="module")
def ids(served: Served, teacher: Client, student: Client) -> Ids:
    """Ids of things that exist, made anew when a request has removed them."""
    known = {"question_id": ""}

    def existing() -> dict[str, Any]:
        if known["question_id"] not in [item["id"] for item in teacher.questions()]:
            known["question_id"] = served.lesson(teacher)
        question = known["question_id"]
        teacher.change_question(question, open=True)
        teacher.add_graded(question, [("The axis of the Earth is tilted.", 2)])
        return {
            "question_id": question,
            "answer_id": teacher.graded(question)[0]["id"],
            "submission_id": student.hand_in(question, "The axis is tilted.")["id"],
        }

    return existing


class Fuzzer:
    """Sends one role's requests and remembers what came back."""

    def __init__(self, token: str, mode: GenerationMode) -> None:
        self.headers = {"Authorization": f"Bearer {token}"}
        self.mode = mode
        self.sent = 0
        self.statuses: dict[str, set[int]] = defaultdict(set)

    def fuzz(self, operation: schemathesis.APIOperation, existing: dict[str, Any]) -> None:
        def check(case: schemathesis.Case) -> None:
            self.sent += 1
            if self.sent % 4:
                # With ids that exist requests get further than "not found"; every fourth keeps its own.
                own = case.path_parameters or {}
                case.path_parameters = {name: existing.get(name, value) for name, value in own.items()}
            response = case.call(headers=self.headers)
            self.statuses[operation.label].add(response.status_code)
            assert response.status_code < 500, (operation.label, case.path_parameters, case.body, response.text)
            if response.status_code >= 400:
                told = response.json()["error"]
                assert told["code"] and told["message"] and "Traceback" not in told["message"]

        quick = settings(
            max_examples=1 if operation.label == EXPENSIVE else EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        try:
            quick(given(case=operation.as_strategy(generation_mode=self.mode))(check))()
        except Unsatisfiable:
            # Nothing about this endpoint can be broken: it takes no input.
            assert self.mode is GenerationMode.NEGATIVE


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("role", ["teacher", "student"])
def test_no_request_breaks_the_server(
    served: Served, teacher: Client, student: Client, ids: Ids, role: str, mode: GenerationMode
) -> None:
    fuzzer = Fuzzer((teacher if role == "teacher" else student)._token, mode)
    for result in schemathesis.openapi.from_url(f"{served.url}/openapi.json").get_all_operations():
        fuzzer.fuzz(result.ok(), ids())
    everything = set().union(*fuzzer.statuses.values())
    if mode is GenerationMode.POSITIVE:
        assert len(fuzzer.statuses) >= 25
        assert everything >= ({200, 201, 204} if role == "teacher" else {200, 201, 403})
    else:
        assert 422 in everything
