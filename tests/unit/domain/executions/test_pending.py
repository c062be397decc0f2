"""Steps that have not been reached yet, and why nothing runs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.engine.state import StepState, WaitReason
from domain.executions.pending import matching, merged, observable_paths, pending_steps, waiting_for
from domain.executions.records import ExecutionRecord, Progress, StepFilter, StepRecord
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.pages import Page
from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType, WaitKind
from tests.builders import a_definition, constant, step

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
C, F, R = StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.RUNNING


def an_execution(status: ExecutionStatus = ExecutionStatus.RUNNING, **members: Any) -> ExecutionRecord:
    defaults: dict[str, Any] = {
        "id": UUID(int=1),
        "definition_id": UUID(int=7),
        "workflow_id": None,
        "workflow_version": None,
        "input": None,
        "output": None,
        "error": None,
        "labels": {},
        "priority": 0,
        "idempotency_key": None,
        "parent_id": None,
        "retried_from_id": None,
        "created_at": NOON,
        "started_at": None,
        "finished_at": None,
        "deadline_at": None,
        "sequence": 0,
        "progress": Progress(total=1, completed=0, failed=0, running=0, ended=0),
    }
    return ExecutionRecord(status=status, **{**defaults, **members})


def reasons(
    steps: Sequence[dict[str, Any]],
    statuses: Mapping[str, StepStatus],
    execution: ExecutionRecord | None = None,
    **members: Any,
) -> dict[str, str]:
    """The reason for which each pending step waits, as `KIND detail`, by path."""
    definition = a_definition(steps=steps, **members)
    found = pending_steps(definition, execution or an_execution(), statuses, NOON)
    assert all(record.state.status is StepStatus.PENDING for record in found)
    assert [record.position for record in found] == sorted(definition.position(each.state.path) for each in found)
    return {each.state.path: _text(each.state.waiting_for) for each in found}


def _text(reason: WaitReason | None) -> str:
    assert reason is not None
    return f"{reason.kind.value} {reason.detail or ''}".strip()


def parallel(id: str, *names: str, limit: int | None = None) -> dict[str, Any]:
    branches = [{"name": name, "steps": [constant("a"), constant("b")]} for name in names]
    return step(id, "PARALLEL", {"branches": branches, **({} if limit is None else {"maxConcurrency": limit})})


CHAIN = [constant("a"), constant("b"), constant("c")]
CHOICE = step("choose", "CONDITIONAL", {"if": "true", "then": [constant("a"), constant("b")], "else": [constant("c")]})
LOOP = step("loop", "FOR_EACH", {"items": "input", "steps": [constant("a")]})


class TestSteps:
    def test_a_step_waits_for_those_of_its_dependencies_that_have_not_ended(self) -> None:
        steps = [constant("a", after=[]), constant("b", after=[]), constant("c", after=["a", "b"])]
        assert reasons(steps, {"a": C, "b": R}) == {"c": "DEPENDENCY after b"}
        assert reasons(steps, {"a": R, "b": R}) == {"c": "DEPENDENCY after a, b"}

    def test_a_failure_that_was_borne_holds_nothing_back(self) -> None:
        steps = [constant("a", onError={"continue": True}), constant("b"), constant("c")]
        assert reasons(steps, {"a": F}) == {"b": "WORKER", "c": "DEPENDENCY after b"}

    def test_a_failure_that_is_being_handled_does(self) -> None:
        steps = [constant("a", onError={"steps": [constant("h")]}), constant("b")]
        assert reasons(steps, {"a": F}) == {"b": "DEPENDENCY after a"}

    @pytest.mark.parametrize(
        ("execution", "first"),
        [
            (an_execution(ExecutionStatus.PENDING), "WORKER"),
            (an_execution(ExecutionStatus.PENDING, is_queued=True), "CONCURRENCY"),
            (
                an_execution(ExecutionStatus.PENDING, waiting_for=WaitReason(kind=WaitKind.TIMER, until=NOON + HOUR)),
                "TIMER",
            ),
            (an_execution(ExecutionStatus.PAUSED), "PAUSED"),
            (an_execution(), "WORKER"),
        ],
    )
    def test_the_first_step_waits_for_what_the_execution_waits_for(
        self, execution: ExecutionRecord, first: str
    ) -> None:
        assert reasons(CHAIN, {}, execution) == {"a": first, "b": "DEPENDENCY after a", "c": "DEPENDENCY after b"}

    def test_nothing_is_pending_any_more_when_the_execution_has_ended_or_is_ending(self) -> None:
        error = StepError(code=FailureCode.HTTP_STATUS, message="503")
        assert reasons(CHAIN, {}, an_execution(ExecutionStatus.CANCELLED)) == {}
        assert reasons(CHAIN, {}, an_execution(error=error), onFailure=[constant("tell")]) == {}


class TestBlocks:
    def test_a_container_that_has_not_begun_is_one_step(self) -> None:
        assert list(reasons([CHOICE, parallel("fan", "eu")], {})) == ["choose", "fan"]

    def test_in_an_open_conditional_the_branch_that_was_chosen_is_shown(self) -> None:
        assert reasons([CHOICE], {"choose": R, "choose.then.a": R}) == {"choose.then.b": "DEPENDENCY after a"}
        assert reasons([CHOICE], {"choose": R}) == {}

    def test_branches_that_wait_for_their_turn_say_so(self) -> None:
        statuses = {"fan": R, "fan.eu.a": R}
        assert reasons([parallel("fan", "eu", "us", limit=1)], statuses) == {
            "fan.eu.b": "DEPENDENCY after a",
            "fan.us.a": "CONCURRENCY 1 at a time in fan",
            "fan.us.b": "DEPENDENCY after a",
        }
        assert reasons([parallel("fan", "eu", "us")], statuses)["fan.us.a"] == "WORKER"

    def test_in_a_pause_branches_wait_for_its_end(self) -> None:
        paused = an_execution(ExecutionStatus.PAUSED)
        assert reasons([parallel("fan", "eu", "us", limit=1)], {"fan": R, "fan.eu.a": C}, paused) == {
            "fan.eu.b": "PAUSED",
            "fan.us.a": "PAUSED",
            "fan.us.b": "DEPENDENCY after a",
        }

    def test_items_of_loops_are_not_listed(self) -> None:
        assert reasons([LOOP, constant("end")], {"loop": R}) == {"end": "DEPENDENCY after loop"}

    def test_a_container_that_has_ended_holds_nothing_that_is_pending(self) -> None:
        assert reasons([parallel("fan", "eu")], {"fan": C, "fan.eu.a": C}) == {}

    def test_only_what_is_outside_of_loops_and_handlers_is_looked_up(self) -> None:
        steps = [CHOICE, LOOP, constant("end", onError={"steps": [constant("h")]})]
        assert observable_paths(a_definition(steps=steps)) == [
            "choose",
            "choose.then.a",
            "choose.then.b",
            "choose.else.c",
            "loop",
            "end",
        ]


class TestExecutions:
    @pytest.mark.parametrize(
        ("execution", "reason"),
        [
            (an_execution(ExecutionStatus.RUNNING), None),
            (an_execution(ExecutionStatus.COMPLETED), None),
            (an_execution(ExecutionStatus.PAUSED), WaitKind.PAUSED),
            (an_execution(ExecutionStatus.PENDING), WaitKind.WORKER),
            (an_execution(ExecutionStatus.PENDING, is_queued=True), WaitKind.CONCURRENCY),
            (
                an_execution(ExecutionStatus.WAITING, waiting_for=WaitReason(kind=WaitKind.SIGNAL, detail="go")),
                WaitKind.SIGNAL,
            ),
        ],
    )
    def test_it_says_what_it_waits_for(self, execution: ExecutionRecord, reason: WaitKind | None) -> None:
        found = waiting_for(execution, NOON)
        assert (found and found.kind) == reason

    def test_one_whose_time_has_come_waits_for_a_worker(self) -> None:
        timer = WaitReason(kind=WaitKind.TIMER, until=NOON)
        execution = an_execution(ExecutionStatus.PENDING, waiting_for=timer)
        assert waiting_for(execution, NOON - HOUR) == timer
        assert waiting_for(execution) == timer
        assert waiting_for(execution, NOON) == WaitReason(kind=WaitKind.WORKER)


def a_record(number: int, status: StepStatus = C, type: StepType = StepType.DATA_TRANSFORM) -> StepRecord:
    path = f"s{number}"
    state = StepState(path=path, step_id=path, type=type, status=status)
    return StepRecord(execution_id=UUID(int=1), position=f"{number:04}", sequence=0, state=state)


def test_a_filter_counts_for_pending_steps_too() -> None:
    records = [a_record(1, StepStatus.PENDING), a_record(2, StepStatus.PENDING, StepType.WAIT)]
    assert matching(records, StepFilter()) == records
    assert matching(records, StepFilter(types=frozenset({StepType.WAIT}))) == [records[1]]
    assert matching(records, StepFilter(statuses=frozenset({C}))) == []
    assert matching(records, StepFilter(statuses=frozenset({StepStatus.PENDING}), path_prefix="s1")) == [records[0]]


def test_a_step_that_has_its_row_meanwhile_is_shown_once() -> None:
    page = merged(Page(rows=(a_record(1),)), [a_record(1, StepStatus.PENDING)], first=5, after=None)
    assert [record.state.status for record in page.rows] == [C]


@given(stored=st.sets(st.integers(0, 30)), waiting=st.sets(st.integers(0, 30)), first=st.integers(1, 8))
def test_pages_of_rows_and_pending_steps_have_no_gap_and_no_repeat(
    stored: set[int], waiting: set[int], first: int
) -> None:
    rows = [a_record(number) for number in sorted(stored)]
    pending = [a_record(number, StepStatus.PENDING) for number in sorted(waiting - stored)]
    seen: list[str] = []
    after: str | None = None
    while True:
        left = [record for record in rows if after is None or record.position > after]
        page = merged(Page(rows=tuple(left[:first]), has_next=len(left) > first), pending, first=first, after=after)
        seen += [record.position for record in page.rows]
        assert len(page.rows) == first or not page.has_next
        if not page.has_next:
            break
        after = page.rows[-1].position
    assert seen == [f"{number:04}" for number in sorted(stored | waiting)]
