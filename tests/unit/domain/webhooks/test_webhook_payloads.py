"""Payloads that webhooks are told of an execution, and their description in docs/webhooks.md."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, from_public, new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import EventType
from domain.outbox.events import OutboxEvent
from domain.webhooks.payloads import ToldExecution, payload_of
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
SHOWN = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
CREATED = datetime(2026, 11, 22, 10, tzinfo=UTC)
STARTED = CREATED + timedelta(seconds=0.25)
ENDED = STARTED + timedelta(seconds=1)

EVENT = OutboxEvent(
    type=EventType.EXECUTION_COMPLETED,
    at=ENDED,
    execution_id=from_public(SHOWN["data"]["id"], IdKind.EXECUTION),
    workflow_id=new_id(),
    started_at=STARTED,
)
EXECUTION = ToldExecution(
    workflow_id=from_public(SHOWN["data"]["workflow"]["id"], IdKind.WORKFLOW),
    workflow_name="ship-order",
    workflow_version=3,
    labels={"team": "sales"},
    created_at=CREATED,
    error=None,
    output={"parcel": "P-7"},
    output_omitted=False,
)


def data_of(event: OutboxEvent, execution: ToldExecution | None = EXECUTION) -> dict[str, JsonValue]:
    data = payload_of(event, execution)["data"]
    assert isinstance(data, dict)
    return data


def test_what_is_sent_looks_as_the_page_shows_it() -> None:
    assert payload_of(EVENT, EXECUTION) == SHOWN
    assert list(data_of(EVENT)) == list(SHOWN["data"])


def test_a_start_says_nothing_of_an_end_that_has_come_since() -> None:
    start = replace(EVENT, type=EventType.EXECUTION_STARTED, at=STARTED)
    told = data_of(start, replace(EXECUTION, error=StepError(code=FailureCode.TIMEOUT, message="late")))
    assert told["status"] == "RUNNING"
    assert (told["startedAt"], told["finishedAt"], told["duration"]) == ("2026-11-22T10:00:00.250000Z", None, None)
    assert (told["error"], told["output"], told["outputOmitted"]) == (None, None, False)


@pytest.mark.parametrize(
    ("type", "status"),
    [
        (EventType.EXECUTION_FAILED, "FAILED"),
        (EventType.EXECUTION_CANCELLED, "CANCELLED"),
        (EventType.EXECUTION_TIMED_OUT, "TIMED_OUT"),
    ],
)
def test_each_end_says_how_and_why(type: EventType, status: str) -> None:
    error = StepError(code=FailureCode.TIMEOUT, message="too late", path="pay")
    told = data_of(replace(EVENT, type=type), replace(EXECUTION, error=error, output=None))
    assert told["status"] == status
    assert told["error"] == {"code": "TIMEOUT", "message": "too late", "path": "pay"}


def test_an_execution_that_was_cancelled_before_it_began_took_no_time() -> None:
    told = data_of(replace(EVENT, type=EventType.EXECUTION_CANCELLED, started_at=None))
    assert (told["startedAt"], told["finishedAt"], told["duration"]) == (None, SHOWN["timestamp"], None)


def test_an_orchestration_has_no_workflow() -> None:
    assert data_of(EVENT, replace(EXECUTION, workflow_id=None))["workflow"] is None


def test_an_execution_that_was_deleted_meanwhile_is_still_told_of() -> None:
    told = data_of(EVENT, None)
    assert (told["id"], told["status"], told["duration"]) == (SHOWN["data"]["id"], "COMPLETED", "PT1S")
    assert (told["workflow"], told["labels"], told["createdAt"], told["output"]) == (None, {}, None, None)


def test_what_is_not_about_an_execution_says_what_was_said() -> None:
    event = OutboxEvent(type=EventType.CIRCUIT_BREAKER_OPENED, at=ENDED, data={"serviceId": "shop"})
    assert payload_of(event, None) == {
        "type": "circuit_breaker.opened",
        "timestamp": "2026-11-22T10:00:01.250000Z",
        "data": {"serviceId": "shop"},
    }
