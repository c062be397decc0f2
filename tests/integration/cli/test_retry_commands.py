"""`stepgraph executions retry`, `export` and `follow` against an API on memory."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from domain.kernel.statuses import ExecutionStatus, StepStatus
from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused, told
from tests.integration.graphql_api.api import Hand, LiveServer, a_step

STEPS = [{"id": id, "type": "DATA_TRANSFORM", "config": {"output": 1}} for id in "abc"]


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


@pytest.fixture
def failed(server: LiveServer) -> str:
    """The id of an execution of a, b and c that failed at b."""

    async def make() -> Hand:
        await server.api.create_workflow(steps=STEPS)
        hand = await server.api.start(input={"x": 1})
        await hand.commit(a_step("a"), a_step("b", StepStatus.FAILED), status=ExecutionStatus.FAILED)
        return hand

    return asyncio.run(make()).id


def test_a_plan_is_shown_and_nothing_is_done(server: LiveServer, failed: str) -> None:
    shown = lines(server, "executions", "retry", failed, "--plan")

    assert shown[0] == "step retry why status"
    assert shown[1:4] == [
        "a KEEP COMPLETED ✔ COMPLETED",
        "b RUN NOT_COMPLETED ✘ FAILED",
        "c RUN NOT_REACHED · PENDING",
    ]
    assert shown[4] == "1 kept, 0 continued, 2 to run, 0 dropped"
    assert len(data(server, "executions", "list")["nodes"]) == 1


def test_a_plan_is_json_for_programs(server: LiveServer, failed: str) -> None:
    plan = data(server, "executions", "retry", failed, "--input", "2", "--plan")
    assert (plan["kept"], plan["run"]) == (0, 3)
    assert [step["reason"] for step in plan["steps"]] == ["INPUT", "INPUT", "NOT_REACHED"]


def test_a_retry_takes_another_input(server: LiveServer, failed: str) -> None:
    retry = data(server, "executions", "retry", failed, "--input", '{"x": 2}')
    assert data(server, "executions", "show", retry["id"])["input"] == {"x": 2}


def test_a_plan_from_a_step_that_was_never_reached_is_refused(server: LiveServer, failed: str) -> None:
    assert "never reached" in refused(server, "executions", "retry", failed, "--from-step", "c", "--plan")


def test_an_export_is_one_document(server: LiveServer, failed: str) -> None:
    answer = told(server, "executions", "export", failed)
    document = json.loads(answer.stdout)
    assert (document["format"], document["execution"]["id"]) == ("stepgraph.execution", failed)
    assert [step["path"] for step in document["steps"]] == ["a", "b"]
    assert "There is no execution" in refused(server, "executions", "export", failed[:-4] + "0000")


def test_a_list_is_followed_from_a_cursor_on(server: LiveServer, failed: str) -> None:
    [started] = map(json.loads, told(server, "executions", "follow", "--limit", 1, "--json").stdout.splitlines())
    retry = data(server, "executions", "retry", failed)
    shown = lines(server, "executions", "follow", "--limit", 1, "--after", started["cursor"])
    assert shown == [f"{retry['id']} · PENDING orders"]


def test_those_that_are_followed_are_filtered_as_those_of_a_list(server: LiveServer, failed: str) -> None:
    [started] = map(json.loads, told(server, "executions", "follow", "--limit", 1, "--json").stdout.splitlines())
    other = data(server, "executions", "retry", failed)
    mine = data(server, "run", "orders", "--label", "team=shop")

    wanted = ("--label", "team=shop", "--created-after", "2026-01-01", "--after", started["cursor"])
    shown = lines(server, "executions", "follow", "--limit", 1, *wanted)

    assert shown == [f"{mine['id']} · PENDING orders"]
    by_id = data(server, "executions", "list", "--workflow", data(server, "workflows", "show", "orders")["id"])
    assert [each["id"] for each in by_id["nodes"]] == [mine["id"], other["id"], failed]


def test_the_end_is_waited_for_no_longer_than_it_is_told(server: LiveServer, failed: str) -> None:
    ended = told(server, "executions", "show", failed, "--wait-for", "PT1M")
    assert (ended.exit_code, f"{failed} FAILED" in ended.stderr) == (1, True)

    begun = told(server, "run", "orders", "--wait-for", "PT0.1S", "--json")
    execution = json.loads(begun.stdout)
    assert (begun.exit_code, execution["status"]) == (1, "PENDING")
    assert f"{execution['id']} is PENDING" in begun.stderr
    assert f"executions show {execution['id']} --follow" in begun.stderr
    assert "ISO 8601" in refused(server, "run", "orders", "--wait-for", "30", code=2)
