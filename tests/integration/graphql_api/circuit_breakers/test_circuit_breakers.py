"""Circuit breakers over the API: what is shown, what is changed, and the examples of their page."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.circuit_breakers.model import BreakerSnapshot
from domain.engine.state import WaitReason
from domain.kernel.ids import new_id
from domain.kernel.statuses import CircuitBreakerState, ExecutionStatus, StepStatus, WaitKind
from tests.integration.graphql_api.api import NOON, Api, a_step
from tests.repository import ROOT
from tests.waiting import wait_until

PAGE = (ROOT / "docs" / "circuit-breakers.md").read_text()
DOCUMENTED = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
API = "api.example.com:443"
OPENED = BreakerSnapshot(
    service_id=API,
    state=CircuitBreakerState.OPEN,
    version=5,
    generation=1,
    failure_count=5,
    opened_at=NOON,
    next_probe_at=NOON + timedelta(seconds=30),
)
UPDATE = """
mutation ($s: String!, $c: CircuitBreakerConfigInput!) {
  updateCircuitBreaker(serviceId: $s, config: $c) {
    __typename
    ... on CircuitBreaker { config { failureThreshold successThreshold resetTimeout halfOpenMaxCalls } }
    ... on Error { code }
    ... on ValidationError { problems { path } }
  }
}
"""


async def opened(api: Api, service_id: str = API) -> None:
    """Store a breaker that is open."""
    await api.storage.breakers.ensure(service_id, id=new_id(), now=NOON)
    await api.storage.breakers.save(replace(OPENED, service_id=service_id), NOON)


async def configure(api: Api, service_id: str = API, **config: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.run(UPDATE, s=service_id, c=config))["updateCircuitBreaker"]
    return answer


async def waiting(api: Api, service_id: str = API) -> str:
    """The id of an execution that waits for a breaker, held by nobody."""
    await api.create_workflow()
    hand = await api.start()
    until = NOON + timedelta(hours=1)
    reason = WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=until, detail=service_id)
    step = a_step(status=StepStatus.WAITING, due_at=until, waiting_for=reason)
    told = replace(reason, detail=f"a: {service_id}")
    await hand.commit(step, status=ExecutionStatus.WAITING, due_at=until, waiting_for=told, release=True)
    return hand.id


async def test_a_service_is_configured_before_its_first_call(api: Api) -> None:
    first = await configure(api, failureThreshold=7)
    second = await configure(api, resetTimeout="PT1M", failureThreshold=None)

    assert first["config"] == {
        "failureThreshold": 7,
        "successThreshold": 2,
        "resetTimeout": "PT30S",
        "halfOpenMaxCalls": 1,
    }
    assert second["config"] == first["config"] | {"resetTimeout": "PT1M"}


async def test_all_that_is_wrong_with_a_configuration_is_told_at_once(api: Api) -> None:
    refused = await configure(api, failureThreshold=0, successThreshold=10_001, halfOpenMaxCalls=-1, resetTimeout="P2D")

    assert refused["__typename"] == "ValidationError"
    assert sorted(problem["path"][-1] for problem in refused["problems"]) == [
        "failureThreshold",
        "halfOpenMaxCalls",
        "resetTimeout",
        "successThreshold",
    ]
    assert (await configure(api, " "))["problems"] == [{"path": ["serviceId"]}]
    assert (await api.run("{ circuitBreakers { totalCount } }"))["circuitBreakers"] == {"totalCount": 0}


async def test_what_is_shared_is_shown_where_it_is_newer(api: Api) -> None:
    await opened(api)
    shared = replace(OPENED, state=CircuitBreakerState.HALF_OPEN, version=7, generation=2, success_count=1)
    query = '{ circuitBreaker(serviceId: "api.example.com:443") { state successCount } }'

    assert (await api.run(query))["circuitBreaker"] == {"state": "OPEN", "successCount": 0}
    await api.storage.shared_breakers.replace(shared, after=0)
    assert (await api.run(query))["circuitBreaker"] == {"state": "HALF_OPEN", "successCount": 1}
    api.storage.shared_breakers.is_away = True
    assert (await api.run(query))["circuitBreaker"] == {"state": "OPEN", "successCount": 0}


async def test_breakers_are_listed_by_state_in_pages_and_found_by_id(api: Api) -> None:
    for name in ("c:1", "a:1", "b:1"):
        await opened(api, name)
    await configure(api, "closed:1")
    query = """query ($after: String) { circuitBreakers(state: [OPEN], first: 2, after: $after) {
      nodes { id serviceId } pageInfo { hasNextPage endCursor } totalCount } }"""

    first = (await api.run(query))["circuitBreakers"]
    rest = (await api.run(query, after=first["pageInfo"]["endCursor"]))["circuitBreakers"]

    assert [node["serviceId"] for node in (*first["nodes"], *rest["nodes"])] == ["a:1", "b:1", "c:1"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (3, True, False)
    node = "query ($id: ID!) { node(id: $id) { id ... on CircuitBreaker { serviceId } } }"
    assert (await api.run(node, id=first["nodes"][0]["id"]))["node"] == first["nodes"][0]


async def test_a_reset_closes_it_and_lets_go_what_waits(api: Api) -> None:
    await opened(api)
    await waiting(api)
    query = '{ circuitBreaker(serviceId: "api.example.com:443") { state waitingExecutions } }'
    assert (await api.run(query))["circuitBreaker"] == {"state": "OPEN", "waitingExecutions": 1}

    await api.run('mutation { resetCircuitBreaker(serviceId: "api.example.com:443") { __typename } }')

    assert (await api.run(query))["circuitBreaker"]["state"] == "CLOSED"
    [execution] = api.storage.tables.executions.values()
    assert execution.due_at == api.clock.now()


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    for name in ("resetCircuitBreaker", "deleteCircuitBreaker"):
        answer = await api.run(f'mutation {{ {name}(serviceId: "none:1") {{ __typename }} }}')
        assert answer[name] == {"__typename": "NotFoundError"}
    assert (await api.run('{ circuitBreaker(serviceId: "none:1") { id } }'))["circuitBreaker"] is None


async def first_of(stream: AsyncGenerator[dict[str, Any], None]) -> dict[str, Any]:
    async with asyncio.timeout(20):
        return await anext(stream)


async def test_the_examples_of_the_page_are_run_in_their_order(api: Api) -> None:
    await opened(api)
    listed, one, watch, change, reset, forget = DOCUMENTED

    assert [node["serviceId"] for node in (await api.run(listed))["circuitBreakers"]["nodes"]] == [API]
    assert (await api.run(one))["circuitBreaker"]["state"] == "OPEN"
    updates, asked = api.subscribe(watch), api.storage.shared_breakers.asked
    next_update = asyncio.create_task(first_of(updates))
    await wait_until(lambda: api.storage.shared_breakers.asked > asked, "the subscription has begun")
    config = (await api.run(change))["updateCircuitBreaker"]["config"]
    assert (config["failureThreshold"], config["resetTimeout"]) == (10, "PT1M")
    assert (await next_update)["circuitBreakerUpdates"]["state"] == "OPEN"
    assert (await api.run(reset))["resetCircuitBreaker"] == {
        "__typename": "CircuitBreaker",
        "state": "CLOSED",
        "failureCount": 0,
    }
    assert (await first_of(updates))["circuitBreakerUpdates"]["state"] == "CLOSED"
    await updates.aclose()
    assert (await api.run(forget))["deleteCircuitBreaker"]["__typename"] == "Deleted"
    assert (await api.run(one))["circuitBreaker"] is None
