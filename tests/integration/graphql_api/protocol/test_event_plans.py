"""A subscription's events are written by a compiled plan, and are what graphql-core would have written."""

from typing import Any

import pytest
from graphql import parse
from graphql.execution import Executor

from graphql_api.executions.following import Update, after
from graphql_api.executions.subscriptions import ExecutionUpdate
from graphql_api.protocol.event_plans import PlannedEvent, PlanningExecutor
from tests.integration.graphql_api.api import Api, a_step

PLANNED = [
    "{ executionProgress(id: 1) { kind sequence } }",
    "{ __typename executionProgress(id: 1) { kind } }",
    "{ live: executionProgress(id: 1) { number: sequence __typename sequence execution { __typename } } }",
    """{ executionProgress(id: 1) { execution { id status labels input output error { code } createdAt startedAt
         duration waitingFor { kind until } progress { percent total } }
         steps { id path type status sequence output } } }""",
    """{ executionProgress(id: 1) { ...all ... on ExecutionUpdate { execution { labels } } ... { sequence } } }
       fragment all on ExecutionUpdate { execution { ...node status } sequence } fragment node on Node { id }""",
    """query unused { __typename } subscription it($yes: Boolean = true, $no: Boolean = false)
       { executionProgress(id: 1) { kind @skip(if: $yes) sequence @include(if: $yes) steps @skip(if: $no) { path }
         execution { ... @include(if: $no) { id } status } } }""",
]
NOT_PLANNED = [
    "{ executionProgress(id: 1) { steps { attempts { number } } } }",
    '{ executionProgress(id: 1) { execution { step(path: "a") { id } } } }',
]


def executor_of(api: Api, query: str, kind: type[Executor[Any]]) -> Any:
    document = parse(query if "subscription" in query else query.replace("{", "subscription {", 1))
    executor = kind.build(
        api.schema._schema,
        document,
        None,
        api.context(),
        operation_name="it" if " it(" in query else None,
        operation_extensions=None,
    )
    assert not isinstance(executor, list)
    return executor


async def an_update(api: Api) -> ExecutionUpdate:
    await api.create_workflow("orders")
    hand = await api.start("orders", input={"n": 1}, labels={"team": "x"})
    await hand.commit(a_step("a", output=[1]), a_step("b"))
    change = await api.storage.queries.changes_since(hand.execution_id, 0)
    [origin] = (await api.storage.queries.get_many([hand.execution_id])).values()
    assert change is not None
    return ExecutionUpdate.from_update(Update(after(origin, change), change.steps or (), is_snapshot=True))


@pytest.mark.parametrize("query", [query for query in PLANNED if "__typename executionProgress" not in query])
async def test_a_plan_writes_what_graphql_core_writes(api: Api, query: str) -> None:
    update = await an_update(api)
    planned = executor_of(api, query, PlanningExecutor).build_per_event_executor(update)
    plain = executor_of(api, query, PlanningExecutor.__bases__[0]).build_per_event_executor(update)

    answer, expected = planned.execute_operation(), plain.execute_operation(False)

    assert isinstance(planned, PlannedEvent)
    assert expected.errors is None
    assert answer.data == expected.data
    assert str(answer.data) == str(expected.data)  # in the same order, too


@pytest.mark.parametrize("query", NOT_PLANNED)
async def test_what_needs_a_resolver_is_left_to_graphql_core(api: Api, query: str) -> None:
    executor = executor_of(api, query, PlanningExecutor).build_per_event_executor(await an_update(api))

    assert not isinstance(executor, PlannedEvent)


async def test_an_event_that_does_not_fit_is_reported_by_graphql_core(api: Api) -> None:
    update = await an_update(api)
    update.sequence = None  # type: ignore[assignment]

    answer = executor_of(api, PLANNED[0], PlanningExecutor).build_per_event_executor(update).execute_operation(False)

    assert answer.data is None
    assert answer.errors[0].path == ["executionProgress", "sequence"]
