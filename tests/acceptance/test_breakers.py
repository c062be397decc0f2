"""Circuit breakers over two worker processes: one opening, few probes, and everything done in the end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXECUTIONS = 200
THRESHOLD = 5
APPLY = "mutation($d: JSON!) { applyWorkflow(document: $d) { ... on Workflow { version } ... on Error { message } } }"
CONFIGURE = """mutation($s: String!) { updateCircuitBreaker(
  serviceId: $s, config: {failureThreshold: 5, successThreshold: 2, halfOpenMaxCalls: 1, resetTimeout: "PT0.5S"}
) { ... on CircuitBreaker { state } ... on Error { message } } }"""
START = """mutation($i: [ExecuteWorkflowInput!]!) { executeWorkflows(inputs: $i) {
  __typename ... on ExecutionBatch { results { ... on WorkflowExecution { id } ... on Error { message } } } } }"""
BREAKER = "query($s: String!) { circuitBreaker(serviceId: $s) { state failureCount waitingExecutions nextProbeAt } }"
DONE = '{ executions(filter: {workflowName: "calling-a-moody-service", status: [COMPLETED]}) { totalCount } }'
STEPS = """query($after: String) {
  executions(filter: {workflowName: "calling-a-moody-service"}, first: 100, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { steps { nodes { status attempts { number statusCode } } } } } }"""


@dataclass
class Moody:
    """A service that fails until it is well again, and counts who is with it at a time."""

    is_well: bool = False
    failures: int = 0
    successes: int = 0
    inside: int = 0
    most_inside: int = 0
    port: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.inside += 1
                self.most_inside = max(self.most_inside, self.inside)
                await asyncio.sleep(0.01)
                self.inside -= 1
                if self.is_well:
                    self.successes += 1
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}")
                else:
                    self.failures += 1
                    writer.write(b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def moody() -> AsyncIterator[Moody]:
    service = Moody()
    server = await asyncio.start_server(service.handle, "127.0.0.1", 0, backlog=512)
    service.port = server.sockets[0].getsockname()[1]
    yield service
    server.close()


async def asked(client: ApiClient, query: str, **variables: object) -> dict[str, object]:
    data = await client.execute(query, **variables)  # type: ignore[arg-type]
    [value] = data.values()
    return dict(value) if isinstance(value, dict) else {"answers": value}


async def test_two_hundred_calls_of_a_service_that_fails_and_gets_well_again(
    shared_deployment: Deployment, moody: Moody
) -> None:
    service_id = f"127.0.0.1:{moody.port}"
    step = {
        "id": "call",
        "type": "HTTP_REQUEST",
        "config": {"url": f"http://{service_id}/"},
        "retry": {"strategy": "FIXED", "delay": "PT0.05S", "maxAttempts": 20, "jitter": "NONE"},
        "timeout": "PT2S",
    }
    async with shared_deployment.client() as client:
        assert "state" in await asked(client, CONFIGURE, s=service_id)
        assert "version" in await asked(client, APPLY, d={"name": "calling-a-moody-service", "steps": [step]})
        await asked(client, START, i=[{"workflowName": "calling-a-moody-service"}] * EXECUTIONS)

        async def has_opened() -> bool:
            return (await asked(client, BREAKER, s=service_id)).get("state") in ("OPEN", "HALF_OPEN")

        async def all_wait() -> bool:
            waiting = (await asked(client, BREAKER, s=service_id)).get("waitingExecutions")
            return isinstance(waiting, int) and waiting >= EXECUTIONS - 5  # all but those that probe

        await wait_until(has_opened, "the breaker has opened")
        await wait_until(all_wait, "executions wait for the breaker", timeout=60)
        at_opening = moody.failures
        # Only what was under way at the moment of the opening has failed besides the five that opened it, and probes.
        assert THRESHOLD <= at_opening <= EXECUTIONS + 40
        moody.most_inside = 0
        await wait_until(lambda: moody.failures >= at_opening + 2, "two probes have failed", timeout=60)
        assert moody.most_inside == 1

        moody.is_well = True

        async def all_done() -> bool:
            return (await asked(client, DONE))["totalCount"] == EXECUTIONS

        await wait_until(all_done, "every execution has completed", timeout=60)
        assert (await asked(client, BREAKER, s=service_id)).get("state") == "CLOSED"
        assert moody.successes == EXECUTIONS
        attempts, cursor = 0, None
        while True:
            page = (await client.execute(STEPS, after=cursor))["executions"]
            attempts += sum(len(node["steps"]["nodes"][0]["attempts"]) for node in page["nodes"])
            if not page["pageInfo"]["hasNextPage"]:
                break
            cursor = page["pageInfo"]["endCursor"]
        assert attempts == moody.failures + moody.successes  # waiting has used up none
