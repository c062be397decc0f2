"""A worker's attempts at steps that read secrets, on real parts, and a service that says back whatever it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from actors.activations.activation import Activation
from actors.activations.context import ActivationContext
from actors.activations.step_runner import StepRunner
from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.secrets.values import StoredSecrets
from actors.steps.http_request import HttpRequestExecutor
from actors.steps.webhook_call import WebhookCallExecutor
from actors.webhooks.registered_webhooks import RegisteredWebhooks
from domain.executions.step_executor import StepExecutor
from domain.expressions.evaluator import Evaluator
from domain.kernel.ids import IdKind, from_public, new_id
from domain.kernel.statuses import StepType
from domain.workflows.definitions.cache import DefinitionCache
from persistence.postgres.webhooks.deliveries import PostgresWebhookDeliveries
from tests.integration.graphql_api.real import Real
from tests.scripted_service import Asked, ScriptedService, reply, scripted_service

START = """mutation Start($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) {
  __typename ... on WorkflowExecution { id } } }"""
SHOW = """query Show($id: ID!) { execution(id: $id) {
  status output error { message details }
  steps { nodes { path input output error { code message details } attempts { error { message details } } } }
} }"""


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        return new_id()


@dataclass
class World:
    """The API, a worker's attempts, and a service that says back whatever it is told."""

    real: Real
    attempts: StepRunner
    service: ScriptedService

    async def run(self, *steps: dict[str, Any]) -> dict[str, Any]:
        """An execution of these steps, as the API shows it."""
        api = self.real.api
        await api.create_workflow("secretive", steps=list(steps))
        id = (await api.run(START, i={"workflowName": "secretive"}))["executeWorkflow"]["id"]
        store = api.storage.executions
        now = datetime.now(UTC)
        [claim] = await store.claim([from_public(id, IdKind.EXECUTION)], worker_id=new_id(), now=now)
        definition = await DefinitionCache(api.storage.workflows).get(claim.execution.definition_id)
        parts = ActivationContext(
            store=store,
            attempts=self.attempts,
            clock=Clock(),
            queue=api.storage.queue,
            hold=timedelta(seconds=3),
        )
        await Activation(claim, definition, parts).run()
        shown: dict[str, Any] = (await api.run(SHOW, id=id))["execution"]
        return shown


@asynccontextmanager
async def secret_world(real: Real) -> AsyncIterator[World]:
    """A worker on the parts of this API. No secret is kept for longer than a moment."""
    async with (
        scripted_service(said_back) as service,
        HttpClient(DestinationPolicy(allow_loopback=True), user_agent="test") as client,
    ):
        storage, cipher = real.api.storage, real.api.cipher
        webhooks = RegisteredWebhooks(storage.webhooks, PostgresWebhookDeliveries(real.database), cipher)
        executors: dict[str, StepExecutor] = {
            StepType.HTTP_REQUEST: HttpRequestExecutor(client, Evaluator(), max_items_bytes=100_000),
            StepType.WEBHOOK_CALL: WebhookCallExecutor(client, webhooks, key=bytes(32), public_url="http://here"),
        }
        attempts = StepRunner(executors, 100_000, secrets=StoredSecrets(storage.secrets, cipher, keep=0.0))
        yield World(real, attempts, service)


def said_back(asked: Asked) -> bytes:
    """Everything that was sent, in the body and in a header, with the status in the path."""
    if asked.target == "/token":
        return reply({"access_token": "an-access-token", "token_type": "Bearer"})
    told = {"target": asked.target, "headers": dict(asked.headers), "body": asked.body.decode()}
    authorization = asked.headers.get("authorization", "none")
    return reply(told, int(asked.target[1:4]), x_said=authorization, x_target=asked.target)
