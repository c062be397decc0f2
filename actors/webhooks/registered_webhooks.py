"""Registered webhooks for WEBHOOK_CALL: the address, the secrets that sign, and a place among the webhook's events."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.executions.step_executor import Failed
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.errors import Unavailable, Undecipherable
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, MalformedId, from_public
from domain.kernel.json.text import JsonValue
from domain.kernel.shared_lookups import SharedLookups
from domain.kernel.statuses import WebhookDirection
from domain.secrets.ports import Cipher
from domain.webhooks.model import WebhookAttempt, WebhookRecord
from domain.webhooks.ports import WebhookDeliveries, WebhookStore
from domain.webhooks.secrets import opened_secrets
from persistence.connections.retrying import until_available

logger = logging.getLogger(__name__)

KEPT_FOR = 1.0
"""The seconds for which a webhook is not looked up again: for so long a change may go unnoticed."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A registered webhook that may be called now, and the secrets that sign for it."""

    id: UUID
    url: str
    secrets: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The event that a step sends to a registered webhook: one of its list, the same for every attempt."""

    event_id: UUID
    webhook_id: UUID
    execution_id: UUID
    event_type: str
    payload: JsonValue


class RegisteredWebhooks:
    """Looks webhooks up, each about once a second at most however many steps ask, and records the calls of them."""

    def __init__(
        self, webhooks: WebhookStore, deliveries: WebhookDeliveries, cipher: Cipher, *, kept_for: float = KEPT_FOR
    ) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries
        self._cipher = cipher
        self._known = SharedLookups[UUID, WebhookRecord | None]("webhook", kept_for=timedelta(seconds=kept_for))
        self._recording = BackgroundTasks("call of a webhook")

    async def receiver(self, public_id: str, now: datetime) -> Receiver | Failed:
        """The webhook with this id, or the failure of a step that wants to call it."""
        try:
            id = from_public(public_id, IdKind.WEBHOOK)
            webhook = await until_available(lambda: self._find(id), "a webhook's address")
            if webhook is None:
                return _refused(f"There is no webhook {public_id!r}.")
            if webhook.direction is not WebhookDirection.OUTBOUND or webhook.url is None:
                return _refused(f"The webhook {webhook.name!r} is inbound: it can start a workflow, but not be called.")
            if not webhook.enabled:
                why = f": {webhook.disabled_reason}" if webhook.disabled_reason else "."
                return _refused(f"The webhook {webhook.name!r} is disabled{why}")
            return Receiver(webhook.id, webhook.url, opened_secrets(webhook, self._cipher, now))
        except MalformedId as error:
            return _refused(f"The webhookId is malformed: {error}.")
        except Undecipherable as error:
            return Failed(error=StepError(code=FailureCode.INTERNAL, message=str(error)))

    async def record(self, told: Told, attempt: WebhookAttempt) -> None:
        """Put an attempt into the list of the webhook's events; where that is not possible, log it and go on.

        It is put there even when the caller is cancelled meanwhile.
        """
        await asyncio.shield(self._recording.start(self._record(told, attempt)))

    async def _record(self, told: Told, attempt: WebhookAttempt) -> None:
        try:
            await self._deliveries.record_call(
                event_id=told.event_id,
                webhook_id=told.webhook_id,
                execution_id=told.execution_id,
                event_type=told.event_type,
                payload=told.payload,
                attempt=attempt,
            )
        except Unavailable as error:
            logger.warning("a call of webhook %s is missing from its events: %s", told.webhook_id, error)

    async def _find(self, id: UUID) -> WebhookRecord | None:
        return await self._known.get(id, lambda: self._webhooks.find(id=id))


def _refused(message: str) -> Failed:
    return Failed(error=StepError(code=FailureCode.INVALID_REQUEST, message=message))
