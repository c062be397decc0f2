"""Retryable failures: those that may be gone at the next attempt."""

from collections.abc import Mapping

import pytest

from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue


@pytest.mark.parametrize(
    ("details", "is_retryable"),
    [
        ({"status": 500}, True),
        ({"status": 429}, True),
        ({"status": 404}, False),
        ({"status": 403}, False),
        ({"status": 403, "retryAfter": 60.0}, True),
        ({"status": 413, "retryAfter": 0.0}, True),
        ({"status": 400, "retryAfter": 7.0}, False),
        ({"status": 410, "retryAfter": 7.0}, False),
        ({"status": 302, "retryAfter": 7.0}, False),
        (None, False),
    ],
)
def test_a_status_is_passing_where_its_class_or_the_service_says_so(
    details: Mapping[str, JsonValue] | None, is_retryable: bool
) -> None:
    assert StepError(code=FailureCode.HTTP_STATUS, message="", details=details).is_retryable is is_retryable


@pytest.mark.parametrize(
    ("details", "is_retryable"),
    [
        (None, True),  # what came was no answer: nobody knows what became of the request
        ({"status": 200, "method": "GET"}, True),
        ({"status": 200, "method": "POST"}, False),
        ({"status": 200, "method": "DELETE"}, False),
        ({"status": 200}, False),
    ],
)
def test_a_request_that_was_taken_and_answered_is_not_repeated_because_of_the_answers_form(
    details: Mapping[str, JsonValue] | None, is_retryable: bool
) -> None:
    assert StepError(code=FailureCode.INVALID_RESPONSE, message="", details=details).is_retryable is is_retryable
