"""Differences between a run and an expectation, as `stepgraph test` tells them."""

from typing import Any

import pytest

from stepgraph.cli.workflow_tests.case_files import Expectation
from stepgraph.cli.workflow_tests.comparing import differences


def ran(**changes: Any) -> dict[str, Any]:
    execution = {
        "status": "COMPLETED",
        "output": {"paid": {"amount": 54.0, "currency": "EUR"}, "items": [1, 2]},
        "error": None,
        "steps": {"nodes": [{"path": "pay", "status": "COMPLETED"}]},
    }
    call = {"path": "pay", "type": "HTTP_REQUEST", "attempt": 1, "request": {"url": "u", "body": 1}, "mock": "pay"}
    return {"problems": [], "unusedMocks": [], "calls": [call], "execution": {**execution, **changes}}


@pytest.mark.parametrize(
    "expected",
    [
        {},
        {"status": "COMPLETED"},
        {"output": {"paid": {"amount": 54}}},
        {"output": {"items": [1, 2]}},
        {"calls": {"pay": 1, "ship": 0}},
        {"calls": {"pay": [{"url": "u"}]}},
        {"steps": {"pay": "COMPLETED"}},
    ],
)
def test_what_is_left_out_may_be_anything(expected: dict[str, Any]) -> None:
    assert differences(Expectation(**expected), ran()) == []


@pytest.mark.parametrize(
    ("expected", "place"),
    [
        ({"status": "FAILED"}, "status"),
        ({"output": None}, "output"),
        ({"output": {"paid": {"amount": True}}}, "output.paid.amount"),
        ({"output": {"paid": {"tax": 1}}}, "output.paid.tax"),
        ({"output": {"items": [1]}}, "output.items"),
        ({"output": {"items": [1, 3]}}, "output.items[1]"),
        ({"error": {"code": "TIMEOUT"}}, "error"),
        ({"calls": {"pay": 2}}, "calls pay"),
        ({"calls": {"pay": [{"url": "v"}]}}, "calls pay[0].url"),
        ({"steps": {"ship": "COMPLETED"}}, "steps ship"),
        ({"problems": [{"path": ["input"]}]}, "problems"),
    ],
)
def test_what_differs_is_named_by_its_place(expected: dict[str, Any], place: str) -> None:
    assert [each.place for each in differences(Expectation(**expected), ran())] == [place]


def test_a_failure_says_why() -> None:
    error = {"code": "HTTP_STATUS", "message": "the service answered 404", "path": "pay", "details": None}
    [difference] = differences(Expectation(status="COMPLETED"), ran(status="FAILED", error=error))

    assert difference.found == "FAILED at pay: HTTP_STATUS: the service answered 404"


def test_a_call_that_no_mock_answers_and_a_mock_that_no_step_has_met_are_differences() -> None:
    run = ran()
    run["calls"][0]["mock"] = None
    run["unusedMocks"] = ["ship"]

    assert [each.place for each in differences(Expectation(), run)] == ["calls pay", "mocks"]
