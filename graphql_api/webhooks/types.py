"""Webhooks, their events and every attempt at delivering one, as clients see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import strawberry

from domain.kernel.errors import NotFound
from domain.kernel.ids import IdKind
from domain.kernel.large_values import ValueKind
from domain.webhooks import model as webhooks
from domain.webhooks.model import WebhookEventRecord, WebhookRecord
from graphql_api.context import Info
from graphql_api.executions.types import WorkflowExecution, load_execution
from graphql_api.kit.enums import InboundSignature, WebhookDirection, WebhookEventStatus
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.large_values import LargeField, LargeValueLoader
from graphql_api.kit.pagination import Connection, CursorKind, connection, page_size
from graphql_api.kit.scalars import JSON, Expression
from graphql_api.webhooks.loaders import WebhookLoaders
from graphql_api.workflows.loaders import WorkflowLoaders
from graphql_api.workflows.types import Workflow

SHOWN_ATTEMPTS = 100
"""The most attempts that are shown of an event: retries make a dozen, but replays any number."""

BY_WEBHOOK: CursorKind[UUID] = CursorKind("webhook", lambda key: key.hex, UUID)
BY_WEBHOOK_EVENT: CursorKind[UUID] = CursorKind("webhookEvent", lambda key: key.hex, UUID)

_LazyEvent = Annotated["WebhookEvent", strawberry.lazy("graphql_api.webhooks.types")]


@strawberry.type(
    description="An address that is told of what happens here (OUTBOUND), or one at which others start a workflow "
    "(INBOUND)."
)
class Webhook(Node):
    """An outbound or an inbound webhook."""

    name: str
    direction: WebhookDirection
    event_types: list[str] = strawberry.field(
        description="Outbound: the types of events that it is told of; all where it is empty."
    )
    signature: InboundSignature = strawberry.field(
        description="The way in which senders prove themselves. Sent events are always signed as STANDARD_WEBHOOKS."
    )
    input: Expression | None = strawberry.field(
        description="Inbound: builds the execution's input from `body`, `headers`, `query` and `webhook`; null: the "
        "input is the body."
    )
    enabled: bool
    disabled_reason: str | None = strawberry.field(
        description="The reason why it was disabled automatically; else null."
    )
    failing_since: datetime | None = strawberry.field(
        description="Outbound: the first failure since a delivery last succeeded."
    )
    previous_secret_until: datetime | None = strawberry.field(
        description="The time until which the secret before the present one is valid, after a rotation."
    )
    created_at: datetime
    updated_at: datetime
    record: strawberry.Private[WebhookRecord]

    @strawberry.field(description="Outbound: the address to send to. Inbound: the address to give to senders.")
    async def url(self, info: Info) -> str:
        if self.record.url is not None:
            return self.record.url
        return (await info.context.hook_addresses()).of_webhook(self.record.id)

    @strawberry.field(
        description="Inbound: the workflow that it starts. Outbound: the one workflow that it is told of; null: all."
    )
    async def workflow(self, info: Info) -> Workflow | None:
        if self.record.workflow_id is None:
            return None
        record = await info.context.shared(WorkflowLoaders).by_id.load(self.record.workflow_id)
        return None if record is None else Workflow.from_record(record, info.context.large_values)

    @strawberry.field(
        description="The events that it was told of or has received, newest first; with a `status`, those that have it."
    )
    async def events(
        self,
        info: Info,
        status: WebhookEventStatus | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> Connection[_LazyEvent]:
        size, key, wanted = page_size(first), BY_WEBHOOK_EVENT.read(after), status or None
        info.context.spend_rows(size)
        id, loaders, values = self.record.id, info.context.shared(WebhookLoaders), info.context.large_values
        if key is None:
            page = await loaders.event_pages.load((id, (size, wanted)))
        else:
            store = info.context.services.webhook_store
            page = await store.events_page(id, first=size, after=key, status=wanted, lean=True)
        return connection(
            page,
            item=lambda record: WebhookEvent.from_record(record, values),
            key=lambda record: record.id,
            cursors=BY_WEBHOOK_EVENT,
            is_first=key is None,
            count=lambda: loaders.event_counts.load((id, wanted)),
        )

    @classmethod
    def from_record(cls, record: WebhookRecord, values: LargeValueLoader | None = None) -> "Webhook":
        """The webhook as clients see it; `values` reads what the record has left out."""
        shown = cls(
            id=public_id(IdKind.WEBHOOK, record.id),
            name=record.name,
            direction=record.direction,
            event_types=[type.value for type in record.event_types],
            signature=record.signature,
            input=None if record.input is None else Expression(record.input),
            enabled=record.enabled,
            disabled_reason=record.disabled_reason,
            failing_since=record.failing_since,
            previous_secret_until=record.previous_secret_until,
            created_at=record.created_at,
            updated_at=record.updated_at,
            record=record,
        )
        if record.left_out and values is not None:
            values.fill(shown, record.left_out, _WEBHOOK_PARTS, record.id)
        return shown


_WEBHOOK_PARTS = {"input": LargeField(ValueKind.WEBHOOK_INPUT)}


@strawberry.type(description="One attempt at delivering an event.")
class WebhookAttempt:
    """One attempt at delivering an event."""

    at: datetime
    duration: timedelta
    status_code: int | None
    error: str | None = strawberry.field(description="The reason why it failed; null where it succeeded.")
    response: str | None = strawberry.field(description="The beginning of the receiver's answer.")

    @classmethod
    def from_record(cls, attempt: webhooks.WebhookAttempt) -> "WebhookAttempt":
        """The attempt as clients see it."""
        return cls(
            at=attempt.at,
            duration=attempt.duration,
            status_code=attempt.status_code,
            error=attempt.error,
            response=attempt.excerpt,
        )


@strawberry.type(
    description="An event that a webhook was or is to be told of (PENDING, DELIVERED, FAILED), or has received "
    "(RECEIVED, REJECTED)."
)
class WebhookEvent(Node):
    """An event that a webhook is told of, or has received."""

    event_type: str
    status: WebhookEventStatus
    payload: JSON | None = strawberry.field(description="The payload that is sent, or that was received.")
    attempts: int = strawberry.field(description="The number of attempts at delivering it, replays included.")
    attempt_log: list[WebhookAttempt] = strawberry.field(
        description=f"The newest {SHOWN_ATTEMPTS} attempts at delivering it, oldest first."
    )
    last_status_code: int | None
    last_error: str | None = strawberry.field(
        description="The reason why the last attempt failed, or why it was rejected."
    )
    created_at: datetime
    delivered_at: datetime | None
    next_attempt_at: datetime | None
    record: strawberry.Private[WebhookEventRecord]

    @strawberry.field(description="The webhook that it belongs to.")
    async def webhook(self, info: Info) -> Webhook:
        record = await info.context.shared(WebhookLoaders).by_id.load(self.record.webhook_id)
        if record is None:  # deleted while it was read
            raise NotFound("webhook", public_id(IdKind.WEBHOOK, self.record.webhook_id))
        return Webhook.from_record(record, info.context.large_values)

    @strawberry.field(description="The execution that it is about, or that it has started.")
    async def execution(self, info: Info) -> WorkflowExecution | None:
        return await load_execution(info, self.record.execution_id)

    @classmethod
    def from_record(cls, record: WebhookEventRecord, values: LargeValueLoader | None = None) -> "WebhookEvent":
        """The event as clients see it; `values` reads what the record has left out."""
        shown = cls(
            id=public_id(IdKind.WEBHOOK_EVENT, record.id),
            event_type=record.event_type,
            status=record.status,
            payload=JSON(record.payload),
            attempts=record.attempt_count,
            attempt_log=_log(record.attempts),
            last_status_code=record.last_status_code,
            last_error=record.last_error,
            created_at=record.created_at,
            delivered_at=record.delivered_at,
            next_attempt_at=record.next_attempt_at,
            record=record,
        )
        if record.left_out and values is not None:
            values.fill(shown, record.left_out, _EVENT_PARTS, record.id)
        return shown


def _log(attempts: Sequence[webhooks.WebhookAttempt]) -> list[WebhookAttempt]:
    return [WebhookAttempt.from_record(attempt) for attempt in attempts[-SHOWN_ATTEMPTS:]]


_EVENT_PARTS = {
    "payload": LargeField(ValueKind.EVENT_PAYLOAD),
    "attempts": LargeField(ValueKind.EVENT_ATTEMPTS, _log, "attempt_log"),
}


@strawberry.type(description="A webhook and its secret, which is shown this once.")
class WebhookCreated:
    """A webhook and its secret."""

    webhook: Webhook
    secret: str = strawberry.field(description="Empty where senders sign nothing.")
