"""Receiving of messages to inbound webhooks: authenticate, recognise repetitions, and start an execution, once.

The order matters. Nothing of a message is read before its signature has been checked. Its id is looked up before
anything is started; the execution is started under an idempotency key made of the webhook and that id, and only then
the event is stored. So a message that comes again, at the same moment or after a crash between the two, finds the
execution that it has started.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.executions.idempotency import MESSAGES
from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import ExpressionError, ExpressionSyntaxError, compile_expression
from domain.kernel.clock import Clock
from domain.kernel.errors import (
    InvalidInput,
    InvalidState,
    LimitExceeded,
    NotFound,
    Problem,
    StepgraphError,
    Unauthenticated,
)
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import InboundSignature, TriggerKind, WebhookDirection, WebhookEventStatus
from domain.sandbox.shares import SandboxUse
from domain.secrets.ports import Cipher
from domain.webhooks.inbound_messages import InboundMessage, MessageContent, content_of, scope_of
from domain.webhooks.inbound_signatures import refusal_of
from domain.webhooks.model import WebhookEventRecord, WebhookRecord
from domain.webhooks.ports import WebhookStore
from domain.webhooks.secrets import opened_secrets

logger = logging.getLogger(__name__)

REFUSALS_A_MINUTE = 10
"""The refused messages of one webhook that a process stores in a minute, for strangers can send any number."""

_MINUTE = timedelta(minutes=1)
_MOST_COUNTED = 10_000
_LONGEST_REASON = 1_000
_PING = "ping"
_SEED_BITS = 0x7FFFFFFF


class Starter(Protocol):
    """Starts executions: `ExecutionService`."""

    async def execute(self, request: ExecuteRequest) -> ExecutionRecord:
        """Start one execution. Raises `NotFound`, `InvalidInput` or `InvalidState`."""


class WebhookReceiving:
    """Receives messages to inbound webhooks. Any number of processes may do so at once."""

    def __init__(
        self,
        *,
        webhooks: WebhookStore,
        executions: Starter,
        cipher: Cipher,
        evaluator: Evaluator,
        clock: Clock,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._webhooks = webhooks
        self._executions = executions
        self._cipher = cipher
        self._evaluator = evaluator
        self._clock = clock
        self._new_id = new_id
        self._refusals = _Throttle(REFUSALS_A_MINUTE)

    async def receive(self, webhook_id: UUID, message: InboundMessage) -> UUID | None:
        """Start the execution that a message asks for, and return its id; a repeated message gives the same id.

        None: the message starts nothing, such as GitHub's `ping`. Raises `NotFound` (no such webhook, or it is
        disabled), `Unauthenticated`, `InvalidInput` (the body, the expression or the workflow's schema),
        `InvalidState` (the workflow is deleted or not ACTIVE), `LimitExceeded` or `Unavailable`.
        """
        webhook = await self._webhooks.find(id=webhook_id)
        if webhook is None or webhook.direction is not WebhookDirection.INBOUND or not webhook.enabled:
            raise NotFound("webhook", to_public(IdKind.WEBHOOK, webhook_id))
        now = self._clock.now()
        is_signed = webhook.signature is not InboundSignature.NONE
        secrets = opened_secrets(webhook, self._cipher, now) if is_signed else ()
        refusal = refusal_of(webhook.signature, secrets, message.headers, message.body, now)
        if refusal is not None:
            await self._refuse(webhook, None, refusal)
            raise Unauthenticated(refusal)
        content = MessageContent()
        try:
            content = content_of(webhook, message)
            return await self._take(webhook, message, content)
        except (InvalidInput, InvalidState, LimitExceeded) as error:
            await self._refuse(webhook, content, str(error))
            raise

    async def _take(self, webhook: WebhookRecord, message: InboundMessage, content: MessageContent) -> UUID | None:
        if content.external_id is not None:
            known = await self._webhooks.find_inbound(webhook.id, content.external_id)
            if known is not None:
                return known.execution_id
        if webhook.signature is InboundSignature.GITHUB and content.event_type == _PING:
            return await self._record(webhook, content, None)
        request = ExecuteRequest(
            workflow_id=webhook.workflow_id,
            input=await self._input(webhook, message, content),
            labels={"webhook": webhook.name},
            use=SandboxUse.HOOK,
            idempotency_key=_key(webhook.id, content.external_id),
            is_own_key=True,
            trigger=TriggerKind.WEBHOOK,
            trigger_id=webhook.id,
        )
        try:
            execution = await self._executions.execute(request)
        except NotFound as error:
            raise InvalidState("The workflow that this webhook starts was deleted.", "DELETED") from error
        return await self._record(webhook, content, execution.id)

    async def _record(self, webhook: WebhookRecord, content: MessageContent, execution_id: UUID | None) -> UUID | None:
        """Store an accepted message; returns its execution, which an earlier copy of it may have started."""
        event = WebhookEventRecord(
            id=self._new_id(),
            webhook_id=webhook.id,
            event_type=content.event_type,
            status=WebhookEventStatus.RECEIVED,
            payload=content.body,
            created_at=self._clock.now(),
            execution_id=execution_id,
            external_id=content.external_id,
        )
        try:
            return (await self._webhooks.record_inbound(event)).execution_id
        except NotFound:  # the webhook was deleted a moment ago
            return execution_id

    async def _refuse(self, webhook: WebhookRecord, believed: MessageContent | None, reason: str) -> None:
        """Store that a message was refused, with the reason, as far as there is room; once, also for repetitions.

        Nothing of a message's content is kept unless its sender is `believed`.
        """
        if not self._refusals.allows((webhook.id, believed is not None), self._clock.now()):
            return
        content = believed or MessageContent()
        event = WebhookEventRecord(
            id=self._new_id(),
            webhook_id=webhook.id,
            event_type=content.event_type,
            status=WebhookEventStatus.REJECTED,
            payload=content.body,
            created_at=self._clock.now(),
            last_error=reason[:_LONGEST_REASON].replace("\0", "\N{REPLACEMENT CHARACTER}"),
            external_id=None if content.external_id is None else f"refused:{content.external_id}",
        )
        try:
            with suppress(NotFound):
                await self._webhooks.record_inbound(event)
        except StepgraphError as error:
            logger.warning("that webhook %s has refused a message is not stored: %s", webhook.id, error)

    async def _input(self, webhook: WebhookRecord, message: InboundMessage, content: MessageContent) -> JsonValue:
        """The execution's input: the value of the webhook's expression on the message, by default its body."""
        if webhook.input is None:
            return content.body
        try:
            return await self._evaluator.evaluate(
                compile_expression(webhook.input),
                scope_of(webhook, message, content),
                now=self._clock.now(),
                seed=self._new_id().int & _SEED_BITS,
                owner=webhook.id,
            )
        except (ExpressionError, ExpressionSyntaxError) as error:
            problem = Problem(path=("input",), message=f"It cannot be built: {error}")
            raise InvalidInput([problem]) from error


class _Throttle:
    """Limits messages to `most` a minute, for each webhook, authentic or not. Forgets all when it grows too large."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[tuple[UUID, bool], tuple[datetime, int]] = {}

    def allows(self, key: tuple[UUID, bool], now: datetime) -> bool:
        since, count = self._counts.get(key, (now, 0))
        if now - since >= _MINUTE:
            since, count = now, 0
        if len(self._counts) >= _MOST_COUNTED:
            self._counts.clear()
        self._counts[key] = since, count + 1
        return count < self._most


def _key(webhook_id: UUID, external_id: str | None) -> str | None:
    """The idempotency key of the execution that a message starts; None for a message without an id."""
    return None if external_id is None else f"{MESSAGES}{to_public(IdKind.WEBHOOK, webhook_id)}:{external_id}"
