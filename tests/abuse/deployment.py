"""An API that asks for keys and a worker, as they are deployed, with something stored for requests to be about."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import psutil

from domain.kernel.ids import IdKind, from_public, new_id
from tests.abuse.attack import NONCE, NOW, Attack, ask
from tests.abuse.kinds.schemas import hostile_schemas
from tests.abuse.measuring import Meter, processor_seconds, seconds_without_processor
from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import Running, free_port, stepgraph
from tests.waiting import wait_until

PATIENCE = 60.0
"""Seconds on the wall after which a connection that is neither answered nor closed counts as forgotten."""

_LARGE = [{"a": 1}] * 40_000
"""A third of a megabyte as JSON, ten as values, and a few kilobytes as it is stored."""
_COPIES = 150
"""Executions with such inputs and outputs: as many as a list of the newest shows."""
_WHILE = 1.0
"""Seconds for which a WebSocket is left open when no message says that its operation is done."""
_ENDS = (b'"complete"', b'"error"', b'"pong"', b"\x88")

_LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_ROLES = ("VIEWER", "OPERATOR", "EDITOR")
_APPLY = """mutation ($d: JSON!) {
  applyWorkflow(document: $d) { ... on Workflow { id } ... on ValidationError { message problems { message } } }
}"""
_EXECUTE = """mutation ($i: ExecuteWorkflowInput!) {
  executeWorkflow(input: $i) { __typename ... on WorkflowExecution { id status } ... on Error { message } }
}"""
_CREATE_HOOK = """mutation ($i: CreateWebhookInput!) {
  createWebhook(input: $i) { ... on WebhookCreated { webhook { url } } ... on Error { message } }
}"""
_CREATE_KEY = """mutation ($n: String!, $r: Role!) {
  createApiKey(name: $n, role: $r) { ... on ApiKeyCreated { token } }
}"""


@dataclass
class Stage:
    """The attacked deployment, to which the generators' requests refer."""

    deployment: Deployment
    api: Meter
    worker: Meter
    worker_port: int
    tokens: dict[str, str]
    workflow_id: str = ""
    execution_id: str = ""
    hooks: Mapping[str, str] = field(default_factory=dict)
    schemas: Mapping[str, str] = field(default_factory=dict)

    def token(self, role: str) -> str:
        """The token of a key with this role."""
        return self.tokens[role]

    async def send(self, attack: Attack) -> bytes:
        """Send an attack; returns all bytes up to the connection's end. Raises `TimeoutError` when it does not end."""
        nonce = f"{time.monotonic_ns():016x}"[-len(NONCE) :].encode()
        wire = attack.wire.replace(NONCE.encode(), nonce).replace(NOW.encode(), b"%d" % time.time())
        end = len(wire) - attack.tail
        return await exchange(
            self.deployment.port, wire[attack.head : end], opening=wire[: attack.head], closing=wire[end:]
        )

    async def is_live(self) -> bool:
        """True when /livez answers with 200."""
        return (await exchange(self.deployment.port, _LIVE)).startswith(b"HTTP/1.1 200")

    async def worker_answers(self) -> bool:
        """True when the worker's own listener answers."""
        return bool(await exchange(self.worker_port, b"GET /none HTTP/1.1\r\n\r\n"))

    async def data(self, query: str, **variables: Any) -> Any:
        """The data of an operation of an ADMIN."""
        answer = await self.send(ask(self.tokens["ADMIN"], query, **variables))
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert body.get("data"), body
        return body["data"]

    async def apply(self, document: dict[str, Any]) -> str:
        """The id of a workflow that is stored for this document."""
        answer = (await self.data(_APPLY, d=document))["applyWorkflow"]
        assert "id" in answer, answer
        return str(answer["id"])

    async def execute(self, **start: Any) -> str:
        """The id of an execution."""
        answer = (await self.data(_EXECUTE, i=start))["executeWorkflow"]
        assert "id" in answer, answer
        return str(answer["id"])


async def exchange(port: int, wire: bytes, *, opening: bytes = b"", closing: bytes = b"") -> bytes:
    """Send bytes on a connection of their own and read to its end, whatever it is that ends it.

    What opens it is answered before the rest is sent; what closes it is sent after an answer, or a while without any.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    receiving = asyncio.create_task(_to_the_end(reader, received))

    def has_come(*ends: bytes) -> bool:
        return receiving.done() or any(end in received for end in ends)

    try:
        with suppress(ConnectionError):
            if opening:
                writer.write(opening)
                await wait_until(lambda: has_come(b"\r\n\r\n"), "it is opened", PATIENCE)
            writer.write(wire)
            await writer.drain()
            if closing:
                with suppress(TimeoutError):
                    await wait_until(lambda: has_come(*_ENDS), "it is answered", _WHILE)
                writer.write(closing)
        await asyncio.wait_for(receiving, PATIENCE)
        return bytes(received)
    finally:
        receiving.cancel()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _to_the_end(reader: asyncio.StreamReader, received: bytearray) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            received += piece


@asynccontextmanager
async def staged(deployment: Deployment) -> AsyncIterator[Stage]:
    """Start the processes, make keys, store what requests are about."""
    worker_port = free_port()
    deployment.extra = {
        "STEPGRAPH_REQUIRE_KEYS": "true",
        "STEPGRAPH_LEASE": "PT30S",
        "STEPGRAPH_HEARTBEAT": "PT5S",
        "STEPGRAPH_WORKER_METRICS_PORT": str(worker_port),
        # Whoever has sent thirty wrong keys would be refused all that comes after, at next to no cost.
        "STEPGRAPH_RATE_WRONG_KEYS": "1000000/minute",
        # What never ends is given up soon: hundreds of such requests are sent one after the other.
        "STEPGRAPH_HEAD_TIMEOUT": "PT1S",
        "STEPGRAPH_IDLE_TIMEOUT": "PT1S",
        "STEPGRAPH_BODY_TIMEOUT": "PT5S",
        "STEPGRAPH_LINGER_TIMEOUT": "PT1S",
        "STEPGRAPH_CONNECTION_INIT_TIMEOUT": "PT1S",
        "STEPGRAPH_MAX_SANDBOX_TIME": "PT2S",
    }
    serving = await deployment.start_api()
    working = await deployment.start_worker()
    made = await stepgraph("keys", "create", "abuse", "--role", "ADMIN", "--in-database", extra=deployment.settings)
    assert made.code == 0, made.stderr
    postgres = await _postgres(deployment.database_url)
    [api] = serving.running("api-process")
    stage = Stage(
        deployment,
        Meter(api, postgres),
        Meter(psutil.Process(working.pid), postgres),
        worker_port,
        {"ADMIN": made.stdout.strip()},
    )
    await _store(stage)
    await _until_completed(stage, working, stage.execution_id)
    large = await stage.execute(workflowId=stage.workflow_id, input=_LARGE)
    await _until_completed(stage, working, large)
    await _copy(deployment.database_url, from_public(large, IdKind.EXECUTION))
    yield stage


async def _store(stage: Stage) -> None:
    for role in _ROLES:
        stage.tokens[role] = (await stage.data(_CREATE_KEY, n=role, r=role))["createApiKey"]["token"]
    step = {"id": "a", "type": "DATA_TRANSFORM", "config": {"output": "{{ input }}"}}
    stage.workflow_id = await stage.apply({"name": "plain", "steps": [step], "output": "steps.a.output"})
    many = [{**step, "id": f"s{number}", "config": {"output": "x" * 50}} for number in range(300)]
    await stage.apply({"name": "large", "steps": many})
    stage.execution_id = await stage.execute(workflowId=stage.workflow_id, input={"x": ["y" * 100] * 5_000})
    stage.schemas = {
        name: await stage.apply({"name": f"hostile-{name}", "steps": [step], "inputSchema": schema})
        for name, schema in hostile_schemas().items()
    }
    hooks = {
        **{name: {"signature": name} for name in ("NONE", "STANDARD_WEBHOOKS", "GITHUB", "STRIPE", "HMAC_SHA256")},
        "MAPPED": {"signature": "NONE", "input": '$merge(body.$spread()) ~> |**|{"d": 1}|'},
        "SCHEMA": {"signature": "NONE", "workflowId": stage.schemas["recursive"]},
    }
    found = {}
    for name, more in hooks.items():
        wanted = {"direction": "INBOUND", "name": f"hook-{name}", "workflowId": stage.workflow_id, **more}
        answer = (await stage.data(_CREATE_HOOK, i=wanted))["createWebhook"]
        assert "webhook" in answer, answer
        found[name] = "/hooks/" + str(answer["webhook"]["url"]).partition("/hooks/")[2]
    stage.hooks = found


async def _until_completed(stage: Stage, worker: Running, id: str) -> None:
    query = "query ($id: ID!) { execution(id: $id) { status } }"

    async def has_completed() -> bool:
        assert worker.process.returncode is None, worker.text()
        return bool((await stage.data(query, id=id))["execution"]["status"] == "COMPLETED")

    await wait_until(has_completed, "the worker has done an execution", PATIENCE, 0.1)


async def _copy(url: str, id: UUID) -> None:
    """Store an execution that has ended many times more, with its steps."""
    connection = await asyncpg.connect(url)
    try:
        for table, key in (("workflow_execution", "id"), ("step_execution", "execution_id")):
            await connection.execute(f"CREATE TEMP TABLE copied_{table} AS SELECT * FROM {table} WHERE {key} = '{id}'")
        for new in [new_id() for _ in range(_COPIES)]:
            for table, key in (("workflow_execution", "id"), ("step_execution", "execution_id")):
                await connection.execute(f"UPDATE copied_{table} SET {key} = $1", new)
                await connection.execute(f"INSERT INTO {table} SELECT * FROM copied_{table}")
    finally:
        await connection.close()


async def _postgres(url: str) -> psutil.Process | None:
    """The server's main process; None where it runs elsewhere."""
    connection = await asyncpg.connect(url)
    try:
        with suppress(psutil.Error):
            backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
            return backend.parent() if "postgres" in backend.name() else None
        return None
    finally:
        await connection.close()


_LONGEST_WAIT = 0.02
"""Seconds that the measuring process may have waited for a processor during a measurement that counts."""


async def longest_silence(pid: int, answers: Any, work: asyncio.Task[Any]) -> float:
    """The most processor time that a process has used before it answered, asked again and again until `work` is done.

    Where nothing else is asked of it, that is for how long its event loop was held: on a busy machine, which gives it
    no processor for a while, a clock on the wall would tell of that instead. An answer does not count while which the
    asking process itself had to wait for a processor: the other one went on with its work meanwhile.
    """
    worst, pause = 0.0, 0.01
    while True:
        is_last = work.done()
        waited, began = seconds_without_processor(), processor_seconds(pid)
        assert await answers()
        used = processor_seconds(pid) - began
        if seconds_without_processor() - waited < _LONGEST_WAIT:
            worst = max(worst, used)
        if is_last:
            return worst
        await asyncio.wait([work], timeout=pause)
        pause = min(0.5, pause * 1.5)
