"""The API on PostgreSQL and Redis: what its queries cost, and that live updates come through."""

import asyncio
from typing import Any

import pytest

from domain.kernel.ids import IdKind, from_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.queries import PostgresExecutionQueries
from tests.integration.graphql_api.api import NOON, Api, Hand, a_step, nodes
from tests.integration.graphql_api.real import Real

LIST = """
query($first: Int!) {
  executions(first: $first) {
    totalCount
    nodes { id status workflow { name } parent { id } steps(first: 5) { totalCount nodes { path status output } }
      one: step(path: "a") { id } }
  }
}
"""


@pytest.mark.parametrize("count", [1, 50])
async def test_a_page_of_any_size_takes_the_same_few_statements(real: Real, count: int) -> None:
    names = [f"workflow {n}" for n in range(min(count, 5))]
    for name in names:
        await real.api.create_workflow(name)
    for n in range(count):
        hand = await real.api.start(names[n % len(names)])
        await hand.commit(*(a_step(path, output=[path]) for path in "abcdefg"))

    with real.database.counting() as statements:
        page = (await real.api.run(LIST, first=count))["executions"]

    assert page["totalCount"] == len(page["nodes"]) == count
    assert [step["path"] for step in page["nodes"][-1]["steps"]["nodes"]] == list("abcde")
    assert {node["steps"]["totalCount"] for node in page["nodes"]} == {7}
    # The page, its count, workflows, steps, their counts, single steps; definitions and which steps have rows, twice.
    assert len(statements) <= 9, statements


async def test_what_is_not_selected_is_not_read(real: Real) -> None:
    await real.api.create_workflow("orders")
    await real.api.start("orders")

    with real.database.counting() as statements:
        await real.api.run("{ executions { nodes { id status workflowVersion } } }")

    assert len(statements) == 1


async def test_many_starts_take_few_statements(real: Real) -> None:
    await real.api.create_workflow("orders")
    query = """mutation($i: [ExecuteWorkflowInput!]!) { executeWorkflows(inputs: $i)
      { ... on ExecutionBatch { results { ... on WorkflowExecution { id } ... on Error { message } } } } }"""
    inputs = [{"workflowName": "orders", "input": n} for n in range(500)]
    await real.api.run(query, i=inputs[:1])

    with real.database.counting() as statements:
        answers = (await real.api.run(query, i=inputs))["executeWorkflows"]["results"]

    assert len({answer["id"] for answer in answers}) == 500
    assert len(statements) <= 3, statements


async def test_json_survives_the_database(real: Real) -> None:
    value: JsonValue = {"z": 123456789012345678901234567890, "a": [1.5, None, {"é": "\u2028"}], "b": {}}

    hand = await _started(real.api, input=value)
    await hand.commit(a_step("a", output=value), status=ExecutionStatus.COMPLETED, output=value)

    data = await real.api.run(
        'query($id: ID!) { execution(id: $id) { input output step(path: "a") { output } } }', id=hand.id
    )
    for shown in (data["execution"]["input"], data["execution"]["output"], data["execution"]["step"]["output"]):
        assert repr(shown) == repr(value)


async def _started(api: Api, **input: Any) -> Hand:
    await api.create_workflow("orders")
    return await api.start("orders", **input)


async def test_live_updates_come_through_redis(real: Real) -> None:
    hand = await _started(real.api)
    events = real.api.subscribe(
        """subscription($id: ID!) { executionProgress(id: $id)
           { kind sequence execution { status } steps { path status } } }""",
        id=hand.id,
    )

    first = (await anext(events))["executionProgress"]
    await hand.commit(a_step("a"))
    await hand.commit(a_step("b"))
    await hand.finish()
    rest = [event["executionProgress"] async for event in events]

    assert (first["kind"], first["sequence"]) == ("SNAPSHOT", 0)
    assert [update["sequence"] for update in rest] == [1, 2, 3]
    assert [[step["path"] for step in update["steps"]] for update in rest] == [["a"], ["b"], []]
    assert rest[-1]["execution"]["status"] == "COMPLETED"


async def test_many_who_begin_to_follow_at_the_same_time_share_statements(real: Real) -> None:
    ids = await real.api.seed(300)
    query = "subscription($id: ID!) { executionProgress(id: $id) { kind execution { id } } }"
    streams = [real.api.subscribe(query, id=id) for id in ids]

    with real.database.counting() as statements:
        first = await asyncio.gather(*(anext(stream) for stream in streams))
    for stream in streams:
        await stream.aclose()

    assert [each["executionProgress"]["execution"]["id"] for each in first] == ids
    snapshots = [statement for statement in statements if "e_sequence" in statement]
    assert len(snapshots) <= 60, len(snapshots)


async def test_pages_and_filters_are_the_same_as_in_memory(real: Real) -> None:
    labelled = await _started(real.api, labels={"team": "x"})
    other = await real.api.start("orders")
    query = """query($f: ExecutionFilter, $after: String) { executions(filter: $f, first: 1, after: $after)
      { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }"""

    first = (await real.api.run(query))["executions"]
    second = (await real.api.run(query, after=first["pageInfo"]["endCursor"]))["executions"]
    by_label = (await real.api.run(query, f={"labels": {"team": "x"}}))["executions"]
    by_name = (await real.api.run(query, f={"workflowName": "orders", "status": ["PENDING"]}))["executions"]

    assert nodes(first, "id") + nodes(second, "id") == [other.id, labelled.id]
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (True, False)
    assert nodes(by_label, "id") == [labelled.id]
    assert by_name["totalCount"] == 2


async def test_health_is_that_of_the_real_parts(real: Real) -> None:
    worker_id = from_public("wk_01h455vb4pex5vsknk084sn02q", IdKind.WORKER)
    await real.api.storage.registry.register(worker_id, host="one", now=NOON)

    health = (await real.api.run("{ health { status components { name status latency } workers { id } } }"))["health"]

    assert health["status"] == "UP", health
    assert {component["name"] for component in health["components"]} >= {"postgresql", "redis"}
    assert health["workers"] == [{"id": "wk_01h455vb4pex5vsknk084sn02q"}]


async def test_a_database_that_is_away_is_said_so_and_not_logged_as_a_fault(
    empty_redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Database("postgresql://127.0.0.1:1/nothing", connect_timeout=0.5) as database:
        api = Api()
        api.storage.queries.page = PostgresExecutionQueries(database).page  # type: ignore[method-assign]

        [error] = await api.errors("{ executions { nodes { id } } }")

    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert caplog.text == ""
