"""Carried steps: the calls that keep their key in a retry, and everything else that it carries over."""

from typing import Any
from uuid import UUID

import pytest

from domain.engine.carrying import EVERY_OTHER, carried_for, carried_steps, is_fate_unknown
from domain.engine.state import Attempt, CarriedStep, StepState
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepStatus, StepType
from domain.workflows.definitions.definition import Definition
from tests.builders import a_definition, http, step
from tests.unit.domain.engine.test_retrying import NOON, C, F, X

RETRY, OLD, OLDER = UUID(int=3), UUID(int=2), UUID(int=1)
STATUS = FailureCode.HTTP_STATUS


def attempt(code: FailureCode | None, status: int | None = None) -> Attempt:
    details = {"status": status} if code is STATUS else None
    error = None if code is None else StepError(code=code, message="", details=details)
    return Attempt(number=1, started_at=NOON, finished_at=NOON, error=error, status_code=status)


def call(
    *attempts: Attempt,
    path: str = "a",
    type: StepType = StepType.HTTP_REQUEST,
    status: StepStatus = F,
    checkpoint: JsonValue = None,
    error: StepError | None = None,
) -> StepState:
    return StepState(
        path=path,
        step_id=path.rpartition(".")[2],
        type=type,
        status=status,
        attempts=attempts or (attempt(FailureCode.TIMEOUT),),
        checkpoint=checkpoint,
        error=error,
    )


@pytest.mark.parametrize(
    ("attempts", "is_unknown"),
    [
        ([attempt(FailureCode.TIMEOUT)], True),
        ([attempt(FailureCode.CONNECTION_LOST)], True),
        ([attempt(FailureCode.INVALID_RESPONSE, 200)], True),
        ([attempt(FailureCode.RESPONSE_TOO_LARGE)], True),
        ([attempt(FailureCode.OUTPUT_TOO_LARGE, 200)], True),
        ([attempt(FailureCode.INTERNAL)], True),
        ([attempt(FailureCode.CANCELLED)], True),
        ([attempt(None)], True),
        ([attempt(STATUS, 502)], True),
        ([attempt(STATUS, 504)], True),
        ([attempt(STATUS, 400)], False),
        ([attempt(STATUS, 500)], False),
        ([attempt(STATUS, 503)], False),
        ([attempt(STATUS, 429)], False),
        ([attempt(FailureCode.CONNECT_FAILED)], False),
        ([attempt(FailureCode.INVALID_REQUEST)], False),
        ([attempt(FailureCode.CIRCUIT_OPEN)], False),
        ([attempt(FailureCode.TIMEOUT, 200)], False),
        ([attempt(FailureCode.TIMEOUT), attempt(STATUS, 400)], False),
        ([attempt(FailureCode.TIMEOUT), attempt(STATUS, 429)], True),
        ([attempt(FailureCode.TIMEOUT), attempt(STATUS, 409)], True),
        ([attempt(FailureCode.TIMEOUT), attempt(STATUS, 503)], True),
        ([attempt(FailureCode.TIMEOUT), attempt(FailureCode.CONNECT_FAILED)], True),
        ([attempt(STATUS, 400), attempt(FailureCode.TIMEOUT)], True),
    ],
)
def test_a_call_keeps_its_key_unless_the_service_has_refused_it(attempts: list[Attempt], is_unknown: bool) -> None:
    assert is_fate_unknown(call(*attempts)) is is_unknown


def test_what_was_unknown_before_stays_so_until_it_is_refused() -> None:
    assert is_fate_unknown(call(attempt(STATUS, 429)), was_unknown=True)
    assert is_fate_unknown(call(attempt(FailureCode.CONNECT_FAILED)), was_unknown=True)
    assert not is_fate_unknown(call(attempt(STATUS, 422)), was_unknown=True)


@pytest.mark.parametrize("status", [F, X])
def test_an_event_that_was_delivered_is_another_one_when_nobody_calls_back(status: StepStatus) -> None:
    """Its receiver would pass over one with the same id, and never answer."""
    delivered: JsonValue = {"eventId": "we_1", "status": 202}
    row = call(attempt(None), type=StepType.WEBHOOK_CALL, status=status, checkpoint=delivered)
    assert not is_fate_unknown(row)


DEFINITION = a_definition(
    steps=[
        http("a"),
        step("sub", "SUB_WORKFLOW", {"workflow": "other"}),
        step("loop", "FOR_EACH", {"items": "input", "steps": [http("b"), http("c")]}),
    ],
    onFailure=[http("tell")],
)


def carried(rows: list[StepState], definition: Definition = DEFINITION, **how: Any) -> dict[str, CarriedStep]:
    """The carried steps by path, without those whose only origin is the retry itself."""
    asked: dict[str, Any] = {"kept": [], "execution_id": OLD, "retry_id": RETRY, "known": {}} | how
    found = carried_steps(definition, rows, **asked)
    return {each.path: each for each in found if each.path and each.origins != (RETRY,)}


def test_every_call_whose_fate_is_unknown_is_carried_over_with_its_origin() -> None:
    rows = [call(path=path) for path in ("a", "loop[0].b", "loop[1].c")]
    found = carried([*rows, call(attempt(STATUS, 400), path="loop[1].b"), call(path="loop[2].b", status=C)])
    assert {path: each.origins for path, each in found.items()} == {row.path: (OLD,) for row in rows}


def test_the_key_is_that_of_the_execution_that_made_the_call_first() -> None:
    known = {"a": CarriedStep(path="a", origins=(OLDER,))}
    assert carried([call(path="a")], known=known)["a"].origins == (OLDER,)


def test_a_call_that_left_no_row_keeps_its_key_for_a_worker_may_have_died_in_it() -> None:
    [every_other] = carried_steps(DEFINITION, [], [], execution_id=OLD, retry_id=RETRY, known={})
    assert every_other == CarriedStep(path=EVERY_OTHER, origins=(OLD,))
    [again] = carried_steps(DEFINITION, [], [], execution_id=RETRY, retry_id=UUID(int=4), known={"": every_other})
    assert again == every_other
    assert carried_for({"": every_other}, "loop[7].b") == every_other
    assert carried_for({}, "loop[7].b") is None


def test_a_call_that_was_refused_or_is_made_anew_has_a_key_of_its_own() -> None:
    rows = [call(attempt(STATUS, 400), path="a"), call(path="loop[0].b", status=C)]
    found = carried_steps(DEFINITION, rows, [], execution_id=OLD, retry_id=RETRY, known={}, from_step="loop")
    assert {each.path: each.origins for each in found} == {"": (OLD,), "a": (RETRY,), "loop[0].b": (RETRY,)}


def test_a_call_under_its_own_new_key_that_is_put_off_has_another_one_again() -> None:
    known = {"a": CarriedStep(path="a", origins=(OLD,))}
    assert carried([call(attempt(STATUS, 429), path="a")], known=known) == {}
    assert carried([call(path="a")], known=known)["a"].origins == (OLD,)


def test_what_was_not_reached_again_is_passed_on() -> None:
    known = {path: CarriedStep(path=path, origins=(OLDER,)) for path in ("a", "loop[3].b", "gone")}
    assert set(carried([], known=known)) == {"a", "loop[3].b"}
    assert carried([call(path="a", status=C)], known={"a": known["a"]}, kept=["a"]) == {}


def test_a_poll_goes_on_counting_and_a_list_goes_on_with_its_pages() -> None:
    pages: JsonValue = {"pages": 2, "items": [1, 2], "next": "http://service.test/3"}
    poll = call(path="a", checkpoint={"since": "2030-01-01T12:00:00Z", "calls": 4})
    assert carried([poll])["a"].checkpoint == {"calls": 4}
    assert carried([poll], is_new_version=True)["a"].checkpoint == {"calls": 4}
    assert carried([call(path="a", checkpoint=pages)])["a"].checkpoint == pages
    assert carried([call(path="a", checkpoint=pages)], is_new_version=True)["a"].checkpoint is None


def test_the_children_of_all_executions_before_are_looked_at() -> None:
    known = {"sub": CarriedStep(path="sub", origins=(OLDER,), checkpoint={"child": "ex_1", "latestVersion": True})}
    row = call(path="sub", type=StepType.SUB_WORKFLOW, checkpoint={"child": "ex_2"})
    [found] = carried([row], known=known).values()
    assert found == CarriedStep(path="sub", origins=(OLD, OLDER), checkpoint={"child": "ex_2", "latestVersion": False})
    [passed_on] = carried([], known=known, latest_version=True).values()
    assert passed_on == CarriedStep(path="sub", origins=(OLDER,), checkpoint={"child": "ex_1", "latestVersion": True})


def test_from_step_has_calls_keep_their_keys_and_children_begin_anew() -> None:
    rows = [call(path="a"), call(path="sub", type=StepType.SUB_WORKFLOW)]
    assert set(carried(rows, from_step="a")) == {"a"}
    assert set(carried(rows, from_step="sub")) == {"a"}
    assert set(carried(rows, from_step="loop")) == {"a", "sub"}


def test_nothing_of_on_failure_is_carried_over() -> None:
    assert carried([call(path="onFailure.tell")]) == {}
