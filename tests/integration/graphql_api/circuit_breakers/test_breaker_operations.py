"""Circuit breakers over the API, the edges: what is refused, what is told to whom, and what a page costs."""

import asyncio
import re
from datetime import timedelta
from inspect import signature
from typing import Any

import pytest

from actors.circuit_breakers.breakers import WorkerBreakers
from actors.circuit_breakers.machine import PROBE_LOST_AFTER
from domain.circuit_breakers.model import MAX_SERVICE_ID, BreakerSnapshot
from domain.circuit_breakers.service import RELEASED_AT_ONCE, RELEASED_EVERY
from domain.engine.state import WaitReason
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.statuses import CircuitBreakerState, ExecutionStatus, StepStatus, WaitKind
from persistence.postgres.circuit_breakers import MOST_STORED
from tests.integration.graphql_api.api import NOON, Api, a_step, nodes
from tests.integration.graphql_api.real import Real
from tests.repository import ROOT
from tests.waiting import wait_until

PAGE = (ROOT / "docs" / "circuit-breakers.md").read_text()

SHOP = "shop.example.com:443"
FIELDS = """
  id serviceId state failureCount successCount openedAt nextProbeAt waitingExecutions updatedAt
  config { failureThreshold successThreshold resetTimeout halfOpenMaxCalls }
"""
RESULT = f"""
  __typename
  ... on CircuitBreaker {{ {FIELDS} }}
  ... on Error {{ code message }}
  ... on ValidationError {{ problems {{ path message hint }} }}
"""
ONE = f"query ($service: String!) {{ circuitBreaker(serviceId: $service) {{ {FIELDS} }} }}"
MANY = """
query ($state: [CircuitBreakerState!], $first: Int, $after: String) {
  circuitBreakers(state: $state, first: $first, after: $after) {
    totalCount nodes { serviceId waitingExecutions } pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}
"""
UPDATE = f"""
mutation ($service: String!, $config: CircuitBreakerConfigInput!) {{
  updateCircuitBreaker(serviceId: $service, config: $config) {{ {RESULT} }}
}}
"""
RESET = f"mutation ($service: String!) {{ resetCircuitBreaker(serviceId: $service) {{ {RESULT} }} }}"
DELETE = """
mutation ($service: String!) {
  deleteCircuitBreaker(serviceId: $service) { __typename ... on Deleted { id } ... on Error { code message } }
}
"""
UPDATES = """
subscription ($service: String) {
  circuitBreakerUpdates(serviceId: $service) { serviceId state failureCount config { failureThreshold } }
}
"""
DEFAULTS = {"failureThreshold": 5, "successThreshold": 2, "resetTimeout": "PT30S", "halfOpenMaxCalls": 1}


def opened(service_id: str = SHOP, **given: Any) -> BreakerSnapshot:
    """A breaker that has just opened."""
    values: dict[str, Any] = {
        "service_id": service_id,
        "state": CircuitBreakerState.OPEN,
        "version": 5,
        "generation": 1,
        "failure_count": 5,
        "opened_at": NOON,
        "next_probe_at": NOON + timedelta(seconds=30),
    }
    return BreakerSnapshot(**(values | given))


async def met(api: Api, *service_ids: str) -> None:
    """Make breakers, as first calls do."""
    for service_id in service_ids:
        await api.storage.breakers.ensure(service_id, id=new_id(), now=NOON)


async def open_(api: Api, service_id: str = SHOP) -> None:
    """Make a breaker that is open, as a worker would."""
    await met(api, service_id)
    await api.storage.shared_breakers.replace(opened(service_id), after=0)
    await api.storage.breakers.save(opened(service_id), NOON)


async def waiting(api: Api, service_id: str = SHOP) -> str:
    """The id of an execution that waits for a breaker."""
    hand = await api.start()
    until = NOON + timedelta(seconds=30)
    reason = WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=until, detail=service_id)
    step = a_step("a", StepStatus.WAITING, waiting_for=reason, due_at=until)
    await hand.commit(step, status=ExecutionStatus.WAITING, waiting_for=reason, due_at=until, release=True)
    return hand.id


async def listening(api: Api) -> None:
    """Wait until a subscription listens."""
    await wait_until(lambda: api.storage.shared_breakers.listeners, "the subscription listens")


async def test_a_breaker_is_shown_with_everything(api: Api) -> None:
    await open_(api)
    await api.create_workflow()
    await waiting(api)

    shown = (await api.run(ONE, service=SHOP))["circuitBreaker"]

    assert shown.pop("id").startswith("cb_")
    assert shown == {
        "serviceId": SHOP,
        "state": "OPEN",
        "failureCount": 5,
        "successCount": 0,
        "openedAt": "2030-01-01T12:00:00Z",
        "nextProbeAt": "2030-01-01T12:00:30Z",
        "waitingExecutions": 1,
        "updatedAt": "2030-01-01T12:00:00Z",
        "config": DEFAULTS,
    }


async def test_what_cannot_name_a_service_has_no_breaker(api: Api) -> None:
    for service in ("", " ", "a b ", "a\nb", "a\0b", "x" * 201):
        assert await api.run(ONE, service=service) == {"circuitBreaker": None}
        refused = (await api.run(UPDATE, service=service, config={}))["updateCircuitBreaker"]
        assert [problem["path"] for problem in refused["problems"]] == [["serviceId"]]
        assert (await api.run(RESET, service=service))["resetCircuitBreaker"]["code"] == "NOT_FOUND"
        assert (await api.run(DELETE, service=service))["deleteCircuitBreaker"]["code"] == "NOT_FOUND"


async def test_an_id_that_nothing_has_is_no_node(api: Api) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert await api.run(query, id=to_public(IdKind.CIRCUIT_BREAKER, new_id())) == {"node": None}


async def test_lists_are_of_all_of_some_or_of_no_states(api: Api) -> None:
    await met(api, "c:80", "a:80", "b:80")
    await open_(api, "d:80")

    first = (await api.run(MANY, first=3))["circuitBreakers"]
    rest = (await api.run(MANY, first=3, after=first["pageInfo"]["endCursor"]))["circuitBreakers"]
    only = (await api.run(MANY, state=["OPEN", "HALF_OPEN"]))["circuitBreakers"]
    none = (await api.run(MANY, state=[]))["circuitBreakers"]

    assert nodes(first, "serviceId") == ["a:80", "b:80", "c:80"]
    assert nodes(rest, "serviceId") == ["d:80"]
    pages = [(page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) for page in (first, rest)]
    assert pages == [(False, True), (True, False)]
    assert [page["totalCount"] for page in (first, only, none)] == [4, 1, 0]
    assert nodes(only, "serviceId") == ["d:80"]


@pytest.mark.parametrize(
    "arguments", [{"first": 0}, {"first": 101}, {"after": "x"}, {"after": "YnJlYWtlcjo"}, {"after": "YnJlYWtlcjoA"}]
)
async def test_a_page_that_cannot_be_is_refused(api: Api, arguments: dict[str, Any]) -> None:
    [error] = await api.errors(MANY, **arguments)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_page_costs_a_fixed_number_of_statements(real: Real) -> None:
    async def cost(count: int) -> int:
        with real.database.counting() as statements:
            data = await real.api.run(MANY, first=count)
        assert len(data["circuitBreakers"]["nodes"]) == count
        return len(statements)

    await met(real.api, *(f"service{number}:80" for number in range(12)))
    assert await cost(2) == await cost(12) <= 3


async def test_a_configuration_changes_no_state(api: Api) -> None:
    await open_(api)
    api.clock.advance(timedelta(minutes=1))

    changed = (await api.run(UPDATE, service=SHOP, config={"resetTimeout": "PT1M30S"}))["updateCircuitBreaker"]

    assert (changed["state"], changed["nextProbeAt"]) == ("OPEN", "2030-01-01T12:00:30Z")
    assert changed["config"] == DEFAULTS | {"resetTimeout": "PT1M30S"}
    assert changed["updatedAt"] == "2030-01-01T12:01:00Z"


async def test_resetting_closes_it_for_the_workers_and_lets_those_go_that_wait_one_after_the_other(api: Api) -> None:
    await open_(api)
    await api.create_workflow()
    ids = [await waiting(api) for _ in range(2)]

    closed = (await api.run(RESET, service=SHOP))["resetCircuitBreaker"]

    assert (closed["failureCount"], closed["openedAt"], closed["nextProbeAt"]) == (0, None, None)
    shared = (await api.storage.shared_breakers.read([SHOP]))[SHOP]
    assert (shared.state, shared.generation) == (CircuitBreakerState.CLOSED, 2)
    query = "query ($id: ID!) { execution(id: $id) { waitingFor { kind until detail } } }"
    waits = [(await api.run(query, id=id))["execution"]["waitingFor"] for id in ids]
    assert [each["until"] for each in waits] == ["2030-01-01T12:00:00Z", "2030-01-01T12:00:00.005000Z"]
    assert waits[0]["detail"] == f"a: {SHOP}"


async def test_resetting_one_that_is_well_lets_those_go_that_still_wait_for_it(api: Api) -> None:
    await met(api, SHOP)
    await api.create_workflow()
    id = await waiting(api)

    assert (await api.run(RESET, service=SHOP))["resetCircuitBreaker"]["state"] == "CLOSED"

    shown = (await api.run("query ($id: ID!) { execution(id: $id) { waitingFor { until } } }", id=id))["execution"]
    assert shown["waitingFor"]["until"] == "2030-01-01T12:00:00Z"


async def test_resetting_wins_over_what_a_worker_has_just_made_of_it(api: Api) -> None:
    await open_(api)
    await api.storage.shared_breakers.replace(opened(version=40, generation=9), after=5)
    assert (await api.run(RESET, service=SHOP))["resetCircuitBreaker"]["state"] == "CLOSED"
    assert (await api.run(ONE, service=SHOP))["circuitBreaker"]["state"] == "CLOSED"


async def test_without_redis_it_is_reset_and_configured_where_it_is_stored(api: Api) -> None:
    await open_(api)
    api.storage.shared_breakers.is_away = True
    await api.run(UPDATE, service=SHOP, config={"failureThreshold": 9})
    assert (await api.run(RESET, service=SHOP))["resetCircuitBreaker"]["state"] == "CLOSED"
    shown = (await api.run(ONE, service=SHOP))["circuitBreaker"]
    assert (shown["state"], shown["config"]["failureThreshold"]) == ("CLOSED", 9)


async def test_deleting_forgets_everything(api: Api) -> None:
    await open_(api)
    id = (await api.run(ONE, service=SHOP))["circuitBreaker"]["id"]

    assert await api.run(DELETE, service=SHOP) == {"deleteCircuitBreaker": {"__typename": "Deleted", "id": id}}

    assert await api.run(ONE, service=SHOP) == {"circuitBreaker": None}
    assert (await api.storage.shared_breakers.read([SHOP]))[SHOP].is_healthy
    assert [event.type.value for event in api.storage.tables.outbox] == [
        "circuit_breaker.opened",
        "circuit_breaker.closed",
    ]


async def test_what_workers_could_not_be_told_of_is_not_deleted(api: Api) -> None:
    await open_(api)
    api.storage.shared_breakers.is_away = True

    [error] = await api.errors(DELETE, service=SHOP)

    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert (await api.run(ONE, service=SHOP))["circuitBreaker"]["state"] == "OPEN"


async def test_each_change_is_told_of_the_service_that_was_asked_for(api: Api) -> None:
    await met(api, SHOP, "other:80")
    shared = api.storage.shared_breakers
    events = api.subscribe(UPDATES, service=SHOP)
    coming = asyncio.create_task(anext(events))
    await listening(api)

    await shared.replace(opened("other:80"), after=0)
    await shared.replace(BreakerSnapshot(service_id=SHOP, version=1, failure_count=1), after=0)
    told = [(await coming)["circuitBreakerUpdates"]]
    await shared.replace(opened(), after=1)
    told.append((await anext(events))["circuitBreakerUpdates"])
    await api.run(UPDATE, service=SHOP, config={"failureThreshold": 8})
    told.append((await anext(events))["circuitBreakerUpdates"])
    await events.aclose()

    assert {each["serviceId"] for each in told} == {SHOP}
    assert [(each["state"], each["failureCount"]) for each in told] == [("CLOSED", 1), ("OPEN", 5), ("OPEN", 5)]
    assert told[-1]["config"]["failureThreshold"] == 8
    assert shared.listeners == 0


async def test_what_was_missed_while_redis_was_away_is_told_afterwards(api: Api) -> None:
    await open_(api)
    shared = api.storage.shared_breakers
    events = api.subscribe(UPDATES, service=SHOP)
    coming = asyncio.create_task(anext(events))
    await listening(api)

    shared.is_away = True
    await api.run(RESET, service=SHOP)
    shared.come_back(forgetful=True)

    assert (await coming)["circuitBreakerUpdates"]["state"] == "CLOSED"
    await events.aclose()


async def test_changes_of_all_of_them_are_told_over_redis(real: Real) -> None:
    shared = real.api.storage.shared_breakers
    await met(real.api, "a:80", "b:80")
    events = real.api.subscribe(UPDATES)
    coming = asyncio.create_task(anext(events))

    version = 0
    while not coming.done():  # from when on it hears is not known
        version += 1
        snapshot = BreakerSnapshot(service_id="a:80", version=version, failure_count=1)
        assert await shared.replace(snapshot, after=version - 1) is None
        await asyncio.sleep(0.01)
    await shared.replace(opened("b:80"), after=0)
    told = [(await coming)["circuitBreakerUpdates"]]
    while told[-1]["serviceId"] != "b:80":
        told.append((await anext(events))["circuitBreakerUpdates"])
    await events.aclose()

    assert told[0]["serviceId"] == "a:80"
    assert told[-1]["state"] == "OPEN"


def test_the_numbers_on_the_page_are_those_in_the_code() -> None:
    minutes = PROBE_LOST_AFTER / timedelta(minutes=1)
    known = signature(WorkerBreakers).parameters["most_services"].default
    said = {
        f"let go gradually, {1 / RELEASED_EVERY.total_seconds():.0f} in a second": 1,
        f"Of more than {RELEASED_AT_ONCE:,} the rest": 1,
        f"{MAX_SERVICE_ID} characters": 1,
        f"A worker remembers {known:,} services, and {MOST_STORED:,} are stored": 1,
        "free again after a minute": minutes,
    }
    page = " ".join(PAGE.split())
    assert {text: page.count(text) for text in said} == said


def test_the_defaults_on_the_page_are_those_in_the_code() -> None:
    told = dict(re.findall(r'^\| `(\w+)` \| [`"]*(\w+)[`"]* \| ', PAGE, re.MULTILINE))
    assert told == {name: str(value) for name, value in DEFAULTS.items()}
