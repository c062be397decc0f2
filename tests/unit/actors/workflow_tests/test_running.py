"""Runs of workflows in tests: the engine itself, with mocks in the place of services and no waiting."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.errors import LimitExceeded
from domain.kernel.limits import Limits
from domain.kernel.statuses import ExecutionStatus, StepStatus, WorkflowStatus
from domain.transformation_rules.model import RuleRecord, RuleSettings
from domain.workflow_tests.model import References, WorkflowTestJob, WorkflowTestResult
from domain.workflows.records import WorkflowRecord
from tests.workflow_tests import RunnerHere

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTHING_STORED = References()
CALL: dict[str, Any] = {"type": "HTTP_REQUEST", "config": {"url": "https://example.org/{{ input.name ?? 'x' }}"}}


async def run(
    *steps: dict[str, Any],
    mocks: Any = None,
    input: Any = None,
    references: References = NOTHING_STORED,
    max_output_bytes: int = 1_000_000,
    **document: Any,
) -> WorkflowTestResult:
    """The result of a test of these steps."""
    job = WorkflowTestJob(
        document={"name": "tested", "steps": list(steps), **document},
        input=input if input is not None else {},
        mocks=mocks,
        now=NOON,
        limits=Limits(),
        max_output_bytes=max_output_bytes,
        references=references,
    )
    return await RunnerHere().run(job, UUID(int=0))


def stored(name: str, *steps: dict[str, Any], **document: Any) -> WorkflowRecord:
    return WorkflowRecord(
        id=UUID(int=1),
        name=name,
        status=WorkflowStatus.ACTIVE,
        version=3,
        definition_id=UUID(int=2),
        labels={},
        created_at=NOON,
        updated_at=NOON,
        document={"name": name, "steps": list(steps), **document},
    )


def status_of(result: WorkflowTestResult) -> ExecutionStatus:
    assert result.problems == []
    assert result.execution is not None
    return result.execution.status


def output_of(result: WorkflowTestResult) -> Any:
    assert status_of(result) is ExecutionStatus.COMPLETED
    assert result.execution is not None
    return result.execution.output


def statuses(result: WorkflowTestResult) -> dict[str, StepStatus]:
    return {step.state.path: step.state.status for step in result.steps}


async def test_a_step_answers_what_its_mock_says() -> None:
    result = await run({"id": "fetch", **CALL}, mocks={"fetch": {"output": {"body": 7}}}, output="steps.fetch.output")

    assert output_of(result) == {"body": 7}
    [call] = result.calls
    assert (call.path, call.attempt, call.mock) == ("fetch", 1, "fetch")
    assert call.request == {"method": "GET", "url": "https://example.org/x"}


@pytest.mark.parametrize(
    "step",
    [
        CALL,
        {"type": "HTTP_REQUEST", "config": {"url": "https://example.org", "poll": {"until": "true"}}},
        {"type": "WEBHOOK_CALL", "config": {"url": "https://example.org", "eventType": "done"}},
    ],
    ids=["HTTP", "polling", "webhook"],
)
async def test_a_step_that_would_call_out_fails_with_what_to_mock(step: dict[str, Any]) -> None:
    result = await run({"id": "fetch", **step})

    assert status_of(result) is ExecutionStatus.FAILED
    assert result.execution is not None
    assert result.execution.error is not None
    assert result.execution.error.code == "NOT_MOCKED"
    assert "mock it under 'fetch'" in result.execution.error.message
    assert [call.mock for call in result.calls] == [None]


async def test_retries_follow_their_policy_and_its_pauses_take_no_time() -> None:
    step = {
        "id": "pay",
        **CALL,
        "retry": {"strategy": "FIXED", "maxAttempts": 3, "delay": "PT1H", "maxDelay": "PT1H", "jitter": "NONE"},
    }
    result = await run(step, mocks={"pay": [{"failure": {"status": 503}}] * 2 + [{"output": "paid"}]})

    assert status_of(result) is ExecutionStatus.COMPLETED
    [paid] = result.steps
    assert [attempt.status_code for attempt in paid.state.attempts] == [503, 503, None]
    assert result.execution is not None
    assert result.execution.finished_at == NOON + timedelta(hours=2)


async def test_a_failure_that_is_final_is_not_tried_again() -> None:
    result = await run({"id": "pay", **CALL, "retry": {"maxAttempts": 9}}, mocks={"pay": {"failure": {"status": 404}}})

    assert status_of(result) is ExecutionStatus.FAILED
    assert len(result.calls) == 1


async def test_a_wait_is_over_at_once_and_was_as_long_as_it_says() -> None:
    result = await run({"id": "pause", "type": "WAIT", "config": {"duration": "P30D"}})

    assert status_of(result) is ExecutionStatus.COMPLETED
    assert result.execution is not None
    assert result.execution.finished_at == NOON + timedelta(days=30)


APPROVAL = {
    "id": "approval",
    "type": "WAIT",
    "config": {"signal": {"name": "go", "timeout": "PT1H", "onTimeout": {"late": True}}},
}


@pytest.mark.parametrize(
    ("mocks", "output"),
    [
        (None, {"signal": "go", "payload": None}),
        ({"approval": {"payload": 5}}, {"signal": "go", "payload": 5}),
        ({"approval": {"payload": 5, "after": "PT59M"}}, {"signal": "go", "payload": 5}),
        ({"approval": {"payload": 5, "after": "PT1H"}}, {"signal": None, "payload": {"late": True}}),
    ],
    ids=["not mocked", "with a payload", "in time", "too late"],
)
async def test_a_signal_comes_at_once_or_as_its_mock_says(mocks: Any, output: Any) -> None:
    assert output_of(await run(APPROVAL, mocks=mocks, output="steps.approval.output")) == output


@pytest.mark.parametrize(("after", "status"), [("PT4M", "COMPLETED"), ("PT6M", "FAILED")])
async def test_a_callback_brings_its_payload_unless_it_is_too_late(after: str, status: str) -> None:
    config = {"url": "https://example.org", "eventType": "asked", "awaitCallback": "PT5M"}
    result = await run(
        {"id": "ask", "type": "WEBHOOK_CALL", "config": config}, mocks={"ask": {"payload": "yes", "after": after}}
    )

    assert status_of(result).value == status
    [step] = result.steps
    if step.state.error is None:
        assert isinstance(step.state.output, dict)
        assert step.state.output["callback"] == "yes"
    else:
        assert step.state.error.code == "TIMEOUT"


async def test_an_answer_that_takes_longer_than_the_step_may_is_a_time_out() -> None:
    result = await run({"id": "slow", **CALL, "timeout": "PT5S"}, mocks={"slow": {"output": 1, "after": "PT6S"}})

    [step] = result.steps
    assert step.state.error is not None
    assert step.state.error.code == "TIMEOUT"


async def test_a_payload_for_a_step_that_waits_for_none_is_an_error_that_says_so() -> None:
    result = await run({"id": "fetch", **CALL}, mocks={"fetch": {"payload": 1}})

    assert result.execution is not None
    assert result.execution.error is not None
    assert "give it an output" in result.execution.error.message


LOOP = {
    "id": "loop",
    "type": "FOR_EACH",
    "config": {"items": "input.items", "steps": [{"id": "fetch", **CALL}], "output": "steps.fetch.output"},
}


async def test_the_items_of_a_loop_have_answers_of_their_own() -> None:
    result = await run(
        LOOP,
        input={"items": [1, 2, 3]},
        mocks={"loop[*].fetch": {"output": "any"}, "loop[1].fetch": {"output": "second"}},
        output="steps.loop.output.results",
    )

    assert output_of(result) == ["any", "second", "any"]


async def test_a_loop_that_a_worker_would_share_out_works_too() -> None:
    result = await run(
        LOOP,
        input={"items": list(range(1_000))},
        mocks={"loop[*].fetch": {"output": 2}},
        output="$sum(steps.loop.output.results)",
    )

    assert output_of(result) == 2_000
    assert len(result.calls) == 1_000


async def test_branches_run_beside_each_other_and_the_first_of_any_wins() -> None:
    branches = [{"name": name, "steps": [{"id": "call", **CALL}]} for name in ("slow", "fast")]
    result = await run(
        {"id": "race", "type": "PARALLEL", "config": {"join": "ANY", "branches": branches}},
        mocks={"race.slow.call": {"output": 1, "after": "PT2S"}, "race.fast.call": {"output": 2, "after": "PT1S"}},
    )

    assert statuses(result)["race.fast.call"] is StepStatus.COMPLETED
    assert statuses(result)["race.slow.call"] is StepStatus.CANCELLED


async def test_a_container_can_be_mocked_as_a_whole() -> None:
    result = await run(LOOP, input={"items": [1]}, mocks={"loop": {"output": {"results": ["mocked"]}}})

    assert list(statuses(result)) == ["loop"]


START = {"id": "ship", "type": "SUB_WORKFLOW", "config": {"workflow": "shipping", "input": {"name": "Ada"}}}


async def test_a_stored_sub_workflow_is_run_the_same_way() -> None:
    shipping = stored("shipping", {"id": "label", **CALL}, output="steps.label.output")
    result = await run(
        START,
        references=References(workflows=(shipping,)),
        mocks={"ship/label": {"output": "printed"}},
        output="steps.ship.output.output",
    )

    assert output_of(result) == "printed"
    [child] = result.children
    assert (child.workflow_id, child.workflow_version, child.parent_path) == (shipping.id, 3, "ship")
    assert [call.request for call in result.calls] == [{"method": "GET", "url": "https://example.org/Ada"}]


async def test_a_sub_workflow_can_be_mocked_and_has_to_be_where_it_is_not_stored() -> None:
    mocked = await run(START, mocks={"ship": {"output": {"output": 1}}}, output="steps.ship.output.output")
    unknown = await run(START)

    assert output_of(mocked) == 1
    assert unknown.execution is not None
    assert unknown.execution.error is not None
    assert "not stored here: mock it under 'ship'" in unknown.execution.error.message


async def test_a_stored_rule_is_applied_and_one_that_is_not_stored_is_to_be_mocked() -> None:
    step = {"id": "tax", "type": "DATA_TRANSFORM", "config": {"rule": {"name": "taxed", "input": 100}}}
    settings = RuleSettings(name="taxed", expression="input * 1.2")
    rule = RuleRecord(id=UUID(int=5), settings=settings, revision=1, created_at=NOON, updated_at=NOON)

    assert output_of(await run(step, references=References(rules=(rule,)), output="steps.tax.output")) == 120
    assert status_of(await run(step)) is ExecutionStatus.FAILED
    assert output_of(await run(step, mocks={"tax": {"output": 1}}, output="steps.tax.output")) == 1


async def test_secrets_are_placeholders() -> None:
    step = {
        "id": "fetch",
        "type": "HTTP_REQUEST",
        "config": {"url": "https://example.org", "headers": {"x-token": "{{ secrets.token }}"}},
    }
    result = await run(step, mocks={"fetch": {"output": 1}})

    sent = {"method": "GET", "url": "https://example.org", "headers": {"x-token": "<secret token>"}}
    assert result.calls[0].request == sent
    assert result.steps[0].state.input == {**sent, "headers": {"x-token": "***"}}


async def test_expressions_of_unknown_cost_are_evaluated_as_a_worker_does() -> None:
    result = await run(
        {
            "id": "add",
            "type": "DATA_TRANSFORM",
            "config": {"expression": "$reduce([1..9], function($a, $b) {$a+$b})"},
        },
        {"id": "hang", "type": "DATA_TRANSFORM", "config": {"expression": "($f := function() {$f()}; $f())"}},
        output="steps.add.output",
    )

    assert status_of(result) is ExecutionStatus.FAILED
    assert result.execution is not None
    assert result.execution.error is not None
    assert result.execution.error.code == "EXPRESSION_LIMIT"
    assert statuses(result)["add"] is StepStatus.COMPLETED


async def test_the_input_gets_its_defaults_and_is_checked() -> None:
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "n": {"default": 5}}}
    step = {"id": "n", "type": "DATA_TRANSFORM", "config": {"expression": "input.n"}}

    assert output_of(await run(step, inputSchema=schema, input={"name": "x"}, output="steps.n.output")) == 5
    [problem] = (await run(step, inputSchema=schema, input={"name": 1})).problems
    assert problem.path == ("input", "name")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("fetsh", "There is no step 'fetsh'."),
        ("loop.fetch", "There is no step 'loop.fetch'."),
        ("fetch/inner", "The step 'fetch' starts no workflow: it is a HTTP_REQUEST."),
    ],
)
async def test_a_mock_of_a_step_that_is_not_there_is_a_problem(path: str, told: str) -> None:
    result = await run({"id": "fetch", **CALL}, LOOP, mocks={path: {"output": 1}})

    [problem] = result.problems
    assert problem.path == ("mocks", path)
    assert problem.message == told
    assert result.execution is None


async def test_a_test_of_more_steps_than_are_allowed_is_given_up() -> None:
    with pytest.raises(LimitExceeded, match="more than 10,000 steps"):
        await run(LOOP, input={"items": list(range(10_001))}, mocks={"loop[*].fetch": {"output": 1}})


async def test_an_endless_recursion_ends_where_it_ends_for_workers() -> None:
    endless = stored("endless", {"id": "again", "type": "SUB_WORKFLOW", "config": {"workflow": "endless"}})
    step = {"id": "go", "type": "SUB_WORKFLOW", "config": {"workflow": "endless"}}
    result = await run(step, references=References(workflows=(endless,)))

    assert status_of(result) is ExecutionStatus.FAILED
    assert len(result.children) == 10
