"""An inbound webhook as those who send to it meet it, without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.expressions.evaluator import Evaluator
from domain.kernel.errors import StepgraphError
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.statuses import InboundSignature, WebhookDirection
from domain.webhooks.inbound_messages import InboundMessage
from domain.webhooks.model import WebhookEventRecord
from domain.webhooks.ports import WebhookStore
from domain.webhooks.receiving import Starter, WebhookReceiving
from domain.webhooks.service import CreateWebhook, WebhookService
from domain.webhooks.standard_webhooks import signed_headers
from persistence.memory.webhooks.store import MemoryWebhookStore
from persistence.postgres.secrets.cipher import AesGcmCipher
from tests.unit.domain.conftest import Services

CIPHER = AesGcmCipher([bytes(32)])
JSON = {"content-type": "application/json"}


@dataclass
class Gate:
    """An inbound webhook and those who send to it."""

    services: Services
    webhooks: WebhookService
    receiving: WebhookReceiving
    workflow_id: UUID
    id: UUID = field(init=False)
    secret: str = field(init=False)

    async def open(self, signature: InboundSignature = InboundSignature.STANDARD_WEBHOOKS, **members: Any) -> "Gate":
        created = await self.webhooks.create(
            CreateWebhook(
                name="gate",
                direction=WebhookDirection.INBOUND,
                workflow_id=self.workflow_id,
                signature=signature,
                **members,
            )
        )
        self.id, self.secret = created.webhook.id, created.secret
        return self

    async def send(
        self, value: JsonValue, *, id: str = "msg_1", secret: str | None = None, **members: Any
    ) -> UUID | None:
        """Send a message as Standard Webhooks has it."""
        body = dumps(value).encode()
        signed = signed_headers([secret or self.secret], id=id, at=self.services.clock.now(), body=body)
        return await self.deliver(body, {**JSON, **signed}, **members)

    async def deliver(
        self, body: bytes = b"{}", headers: Mapping[str, str] = JSON, query: Mapping[str, JsonValue] | None = None
    ) -> UUID | None:
        message = InboundMessage(headers=headers, query=query or {}, body=body)
        return await self.receiving.receive(self.id, message)

    def input_of(self, execution_id: UUID | None) -> JsonValue:
        assert execution_id is not None
        return self.services.storage.tables.executions[execution_id].input

    @property
    def executions(self) -> int:
        return len(self.services.storage.tables.executions)

    @property
    def events(self) -> list[WebhookEventRecord]:
        """The stored events, oldest first."""
        return sorted(self.services.storage.tables.webhook_events.values(), key=lambda event: event.id)


def receiving_over(
    services: Services, *, webhooks: WebhookStore | None = None, executions: Starter | None = None
) -> WebhookReceiving:
    """The receiving of messages, with the parts of `services` where no others are given."""
    return WebhookReceiving(
        webhooks=webhooks or services.storage.webhooks,
        executions=executions or services.executions,
        cipher=CIPHER,
        evaluator=Evaluator(),
        clock=services.clock,
    )


class UnrecordedEvents(MemoryWebhookStore):
    """A store of webhooks that raises `error` instead of storing what came in."""

    def __init__(self, services: Services, error: StepgraphError) -> None:
        super().__init__(services.storage.tables)
        self._error = error

    async def record_inbound(self, event: WebhookEventRecord) -> WebhookEventRecord:
        raise self._error


async def a_gate(services: Services) -> Gate:
    """A gate with a stored workflow, whose webhook is not created yet."""
    storage, clock = services.storage, services.clock
    return Gate(
        services=services,
        webhooks=WebhookService(webhooks=storage.webhooks, workflows=storage.workflows, cipher=CIPHER, clock=clock),
        receiving=receiving_over(services),
        workflow_id=(await services.store_workflow()).id,
    )
