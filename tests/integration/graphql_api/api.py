"""An API on in-memory ports, a `Hand` that plays the worker, and helpers by which the tests talk to them."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from starlette.types import ASGIApp

from domain.access.service import AccessService
from domain.circuit_breakers.service import BreakerService
from domain.engine.state import Attempt, StepState
from domain.executions.bulk.service import BulkService
from domain.executions.control.service import ExecutionControl
from domain.executions.records import WHOLE, ExecutionDelta, NewExecution, Progress, StepChange
from domain.executions.retries.service import ExecutionRetries
from domain.executions.service import ExecutionService
from domain.expressions.evaluator import Evaluator
from domain.expressions.service import EvaluationService
from domain.kernel.ids import IdKind, from_public, new_id, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.limits import Limits
from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType
from domain.metrics.service import MetricsService
from domain.sandbox.ports import Sandbox
from domain.saved_views.service import SavedViewService
from domain.schedules.service import ScheduleService
from domain.secrets.ports import Cipher
from domain.secrets.service import SecretService
from domain.transformation_rules.service import TransformationRuleService
from domain.webhooks.receiving import WebhookReceiving
from domain.webhooks.service import WebhookService
from domain.workflow_templates.service import WorkflowTemplateService
from domain.workflow_templates.shipped import shipped_templates
from domain.workflow_tests.service import WorkflowTestService
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.service import WorkflowService
from graphql_api.app import create_app, server_options
from graphql_api.context import ApiOptions, ApiServices, Context
from graphql_api.executions.origins import ExecutionOrigins
from graphql_api.executions.recent_changes import RecentChanges
from graphql_api.kit.shared_answers import SharedAnswer
from graphql_api.schema import build_schema
from graphql_api.system.health import read_health
from persistence.memory import MemoryStorage
from persistence.postgres.secrets.cipher import AesGcmCipher
from tests.clocks import ManualClock
from tests.sandboxes import SchemaSandbox
from tests.waiting import wait_until
from tests.workflow_tests import RunnerHere

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dataclass(repr=False)
class Api:
    """The API on memory. `run` executes operations without a transport."""

    options: ApiOptions = field(default_factory=ApiOptions)
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON))
    limits: Limits = field(default_factory=Limits)
    requires_keys: bool = False
    cipher: Cipher = field(default_factory=lambda: AesGcmCipher([bytes(32)]))
    sandbox: Sandbox | None = field(default_factory=SchemaSandbox)

    def __post_init__(self) -> None:
        storage, clock, sandbox = self.storage, self.clock, self.sandbox
        if isinstance(storage, MemoryStorage):
            storage.tables.now = clock.now
        definitions = DefinitionCache(storage.workflows)
        self.access = AccessService(keys=storage.keys, clock=clock, requires_keys=self.requires_keys)
        workflows = WorkflowService(
            workflows=storage.workflows, clock=clock, limits=self.limits, rules=storage.rules, sandbox=sandbox
        )
        executions = ExecutionService(
            workflows=storage.workflows,
            rules=storage.rules,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            feed=storage.feed,
            definitions=definitions,
            clock=clock,
            limits=self.limits,
            sandbox=sandbox,
        )
        control = ExecutionControl(
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            clock=clock,
            limits=self.limits,
        )
        self.services = ApiServices(
            workflows=workflows,
            executions=executions,
            control=control,
            bulk=BulkService(
                operations=storage.bulk_operations,
                queries=storage.queries,
                control=control,
                clock=clock,
            ),
            bulk_operations=storage.bulk_operations,
            retries=ExecutionRetries(
                workflows=storage.workflows,
                executions=storage.executions,
                queries=storage.queries,
                queue=storage.queue,
                definitions=definitions,
                clock=clock,
                limits=self.limits,
                sandbox=sandbox,
            ),
            evaluation=EvaluationService(clock=clock, limits=self.limits, sandbox=sandbox),
            workflow_tests=WorkflowTestService(
                workflows=workflows,
                stored=storage.workflows,
                rules=storage.rules,
                runner=RunnerHere(),
                clock=clock,
                max_output_bytes=1_000_000,
                limits=self.limits,
            ),
            schedules=ScheduleService(
                schedules=storage.schedules,
                workflows=storage.workflows,
                definitions=definitions,
                clock=clock,
                limits=self.limits,
                sandbox=sandbox,
            ),
            rules=TransformationRuleService(rules=storage.rules, clock=clock, sandbox=sandbox),
            saved_views=SavedViewService(views=storage.saved_views, clock=clock),
            secrets=SecretService(secrets=storage.secrets, cipher=self.cipher, clock=clock),
            templates=WorkflowTemplateService(
                templates=storage.templates,
                workflows=workflows,
                shipped=shipped_templates(),
                clock=clock,
                limits=self.limits,
                sandbox=sandbox,
            ),
            workflow_store=storage.workflows,
            execution_queries=storage.queries,
            large_values=storage.large_values,
            feed=storage.feed,
            registry=storage.registry,
            queue=storage.queue,
            health=storage.health,
            definitions=definitions,
            clock=clock,
            installation=storage.installation,
            webhooks=WebhookService(
                webhooks=storage.webhooks,
                workflows=storage.workflows,
                cipher=self.cipher,
                clock=clock,
                limits=self.limits,
            ),
            webhook_store=storage.webhooks,
            receiving=WebhookReceiving(
                webhooks=storage.webhooks,
                executions=executions,
                cipher=self.cipher,
                evaluator=Evaluator.of_hooks(sandbox),
                clock=clock,
            ),
            breakers=BreakerService(store=storage.breakers, shared=storage.shared_breakers, clock=clock),
            breaker_store=storage.breakers,
            access=self.access,
            keys=storage.keys,
            audit=storage.audit,
            metrics=MetricsService(metrics=storage.metrics, clock=clock),
        )
        self.recent = RecentChanges(storage.feed)
        self.schema = build_schema(self.options)

    @property
    def app(self) -> ASGIApp:
        """The whole web application."""
        return create_app(self.services, options=self.options)

    def context(self) -> Context:
        """A context as a request would have it."""
        origins = ExecutionOrigins(self.services.execution_queries)
        health = SharedAnswer(partial(read_health, self.services, self.options))
        return Context(services=self.services, options=self.options, origins=origins, recent=self.recent, health=health)

    async def run(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an operation that must have no errors."""
        result = await self.schema.execute(query, variable_values=variables, context_value=self.context())
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def errors(self, query: str, **variables: Any) -> list[dict[str, Any]]:
        """The errors of an operation that must have some, as clients see them."""
        result = await self.schema.execute(query, variable_values=variables, context_value=self.context())
        assert result.errors
        return [dict(error.formatted) for error in result.errors]

    async def subscribe(self, query: str, **variables: Any) -> AsyncGenerator[dict[str, Any], None]:
        """The data of each event of a subscription that must have no errors."""
        stream: Any = await self.schema.stream(query, variable_values=variables, context_value=self.context())
        try:
            async for result in stream:
                assert result.errors is None, result.errors
                yield result.data
        finally:
            await stream.aclose()

    async def create_workflow(self, name: str = "orders", **members: Any) -> dict[str, Any]:
        """Store a workflow by its document and return `{id, name, version}`."""
        document = {"name": name, "steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}}], **members}
        data = await self.run(
            "mutation($d: JSON!) { applyWorkflow(document: $d) { __typename ... on Workflow { id name version } "
            "... on ValidationError { problems { path message } } } }",
            d=document,
        )
        assert data["applyWorkflow"]["__typename"] == "Workflow", data
        answer: dict[str, Any] = data["applyWorkflow"]
        return answer

    async def start(self, name: str = "orders", **input: Any) -> "Hand":
        """Start a workflow and take it into hand, as a worker would."""
        data = await self.run(
            "mutation($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) "
            "{ __typename ... on WorkflowExecution { id } ... on ValidationError { problems { path message } } } }",
            i={"workflowName": name, **input},
        )
        return await Hand.take(self, from_public(data["executeWorkflow"]["id"], IdKind.EXECUTION))

    async def seed(self, count: int, **members: Any) -> list[str]:
        """Insert executions of no workflow, oldest first; returns their ids as clients see them."""
        records = await self.storage.executions.create([a_new_execution(**members) for _ in range(count)])
        return [to_public(IdKind.EXECUTION, record.id) for record in records]


def a_new_execution(**members: Any) -> NewExecution:
    """An execution to insert; `members` are those that matter."""
    defaults: dict[str, Any] = {
        "id": new_id(),
        "definition_id": UUID(int=7),
        "workflow_id": None,
        "workflow_version": None,
        "input": None,
        "labels": {},
        "priority": 0,
        "total_steps": 3,
        "created_at": NOON,
    }
    return NewExecution(**{**defaults, **members})


@dataclass(repr=False)
class Hand:
    """Plays the worker that holds an execution: each `commit` is one change of it."""

    api: Api
    execution_id: UUID
    epoch: int
    ended: int = 0
    total: int = 3

    @classmethod
    async def take(cls, api: Api, execution_id: UUID) -> "Hand":
        """Claim the execution."""
        [claim] = await api.storage.executions.claim([execution_id], worker_id=new_id(), now=NOON)
        return cls(api, execution_id, claim.execution.epoch)

    @property
    def id(self) -> str:
        """The execution's id as clients see it."""
        return to_public(IdKind.EXECUTION, self.execution_id)

    async def commit(
        self,
        *steps: StepState,
        status: ExecutionStatus = ExecutionStatus.RUNNING,
        output: JsonValue = None,
        **members: Any,
    ) -> int:
        """Commit a change and return its sequence."""
        self.ended += sum(step.status.is_terminal for step in steps)
        return await self.api.storage.executions.commit(
            ExecutionDelta(
                execution_id=self.execution_id,
                epoch=self.epoch,
                status=status,
                progress=Progress(
                    total=self.total,
                    completed=self.ended,
                    failed=0,
                    running=0,
                    ended=min(WHOLE, self.ended * WHOLE // self.total),
                ),
                steps=tuple(StepChange(position=position_of(step.path), state=step) for step in steps),
                started_at=NOON,
                finished_at=NOON if status.is_terminal else None,
                output=output,
                **members,
            )
        )

    async def finish(self, output: JsonValue = None) -> int:
        """Complete the execution."""
        return await self.commit(status=ExecutionStatus.COMPLETED, output=output)


def position_of(path: str) -> str:
    """`0002` for `c`: the tests name their steps a, b, c … in the order of the document."""
    return f"{ord(path[0]) - ord('a'):04d}"


def a_step(path: str = "a", status: StepStatus = StepStatus.COMPLETED, **members: Any) -> StepState:
    """A step execution; by default one that has completed at its first attempt."""
    defaults: dict[str, Any] = {
        "path": path,
        "step_id": path,
        "type": StepType.DATA_TRANSFORM,
        "status": status,
        "attempts": (Attempt(number=1, started_at=NOON, finished_at=NOON),),
        "started_at": NOON,
        "finished_at": NOON if status.is_terminal else None,
    }
    return StepState(**{**defaults, **members})


@dataclass(frozen=True)
class LiveServer:
    """A server on a real socket."""

    url: str
    port: int
    api: Api

    @property
    def websocket_url(self) -> str:
        """The address that WebSockets connect to."""
        return f"ws://127.0.0.1:{self.port}/graphql"


@asynccontextmanager
async def serving(api: Api) -> AsyncIterator[LiveServer]:
    """The API behind uvicorn, as the product runs it, on a port of its own."""
    # Said to be TCP, or asyncio does not turn Nagle's algorithm off, and every answer but the first takes 40 ms more.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(api.app, log_config=None, lifespan="off", **server_options(api.options))
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await wait_until(lambda: server.started, "the server listens")
        yield LiveServer(f"http://127.0.0.1:{port}", port, api)
    finally:
        server.should_exit = True
        await task


async def post(server: LiveServer, body: Any = None, **request: Any) -> httpx.Response:
    """One POST to /graphql; `body` is sent as JSON unless `content` is given."""
    headers = {"Content-Type": "application/json", **request.pop("headers", {})}
    async with httpx.AsyncClient() as client:
        if "content" not in request:
            request["json"] = body
        return await client.post(f"{server.url}/graphql", headers=headers, timeout=10, **request)


def nodes(connection: Mapping[str, Any], *path: str) -> list[Any]:
    """One member of each node of a connection."""
    found: Sequence[Any] = connection["nodes"]
    for name in path:
        found = [node[name] for node in found]
    return list(found)
