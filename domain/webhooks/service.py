"""Use cases of webhooks: register, change, rotate the secret of, delete; and replay an event."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain.kernel.changes import UNSET, changed
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, NotFound, Problem
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.limits import Limits
from domain.kernel.statuses import InboundSignature, WebhookDirection
from domain.secrets.ports import Cipher
from domain.webhooks.checks import WebhookSettings, secret_problems, settings_problems
from domain.webhooks.model import ROTATION_GRACE, WebhookChanges, WebhookEventRecord, WebhookRecord, purpose_of
from domain.webhooks.ports import WebhookStore
from domain.webhooks.standard_webhooks import secret_text
from domain.workflows.ports import WorkflowStore

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWebhook:
    """A new webhook, not checked yet. `event_types`: names of them. Without a `secret` one is generated."""

    name: str
    direction: WebhookDirection
    url: str | None = None
    event_types: Sequence[str] | None = None
    workflow_id: UUID | None = None
    input: str | None = None
    signature: InboundSignature = InboundSignature.STANDARD_WEBHOOKS
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedWebhook:
    """A webhook and its secret, which is not shown again; empty where senders sign nothing."""

    webhook: WebhookRecord
    secret: str


class WebhookService:
    """Use cases of webhooks in both directions. Messages that come in are `WebhookReceiving`'s."""

    def __init__(
        self,
        *,
        webhooks: WebhookStore,
        workflows: WorkflowStore,
        cipher: Cipher,
        clock: Clock,
        limits: Limits | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._webhooks = webhooks
        self._workflows = workflows
        self._cipher = cipher
        self._clock = clock
        self._limits = limits or Limits()
        self._new_id = new_id

    async def create(self, request: CreateWebhook) -> CreatedWebhook:
        """Register a webhook. Raises `InvalidInput` with every problem, or `Conflict` when the name is taken."""
        settings = WebhookSettings(
            name=request.name,
            direction=request.direction,
            url=request.url,
            event_types=request.event_types or (),
            workflow_id=request.workflow_id,
            input=request.input,
        )
        problems = await self._problems(settings)
        is_standard = request.signature is InboundSignature.STANDARD_WEBHOOKS
        if request.direction is WebhookDirection.OUTBOUND and not is_standard:
            message = "What is sent is signed as STANDARD_WEBHOOKS; leave it out."
            problems.append(Problem(path=("signature",), message=message))
        problems += secret_problems(request.signature, request.secret)
        if problems:
            raise InvalidInput(problems)
        id, now = self._new_id(), self._clock.now()
        secret = _new_secret(request.signature) if request.secret is None else request.secret
        webhook = WebhookRecord(
            id=id,
            name=request.name,
            direction=request.direction,
            url=request.url,
            event_types=settings.types,
            workflow_id=request.workflow_id,
            signature=request.signature,
            input=request.input,
            secret=self._sealed(id, secret),
            created_at=now,
            updated_at=now,
        )
        await self._webhooks.create(webhook)
        return CreatedWebhook(webhook=webhook, secret=secret)

    async def update(self, webhook_id: UUID, changes: WebhookChanges) -> WebhookRecord:
        """Change a webhook; enabling it forgets its past failures.

        Raises `NotFound`, `InvalidInput` with every problem, or `Conflict` when the name is taken.
        """
        old = await self._get(webhook_id)
        settings = WebhookSettings(
            name=changed(old.name, changes.name) or "",
            direction=old.direction,
            url=changed(old.url, changes.url),
            event_types=old.event_types if changes.event_types is UNSET else changes.event_types or (),
            workflow_id=changed(old.workflow_id, changes.workflow_id),
            input=changed(old.input, changes.input),
        )
        # A webhook whose workflow is gone may still be renamed, or switched off.
        problems = await self._problems(settings, with_workflow=settings.workflow_id != old.workflow_id)
        if changes.enabled is None:
            problems.append(Problem(path=("enabled",), message="This is true or false."))
        if problems:
            raise InvalidInput(problems)
        if changes.event_types is not UNSET:
            changes = replace(changes, event_types=settings.types)
        return await self._webhooks.update(webhook_id, changes, now=self._clock.now())

    async def rotate(self, webhook_id: UUID, secret: str | None = None) -> CreatedWebhook:
        """Give a webhook a new secret; the present one stays good for a day, `ROTATION_GRACE`.

        Raises `NotFound`, or `InvalidInput` for an invalid secret, and where senders sign nothing.
        """
        webhook = await self._get(webhook_id)
        problems = secret_problems(webhook.signature, secret)
        if webhook.signature is InboundSignature.NONE and not problems:
            problems = [Problem(path=("id",), message="This webhook has no secret: whoever sends to it signs nothing.")]
        if problems:
            raise InvalidInput(problems)
        new = _new_secret(webhook.signature) if secret is None else secret
        now = self._clock.now()
        rotated = await self._webhooks.rotate(
            webhook_id, secret=self._sealed(webhook_id, new), previous_until=now + ROTATION_GRACE, now=now
        )
        return CreatedWebhook(webhook=rotated, secret=new)

    async def delete(self, webhook_id: UUID) -> None:
        """Remove a webhook with all its events. Raises `NotFound`."""
        await self._get(webhook_id)
        await self._webhooks.delete(webhook_id)

    async def replay(self, event_id: UUID) -> WebhookEventRecord:
        """Send an event once more, at once; its attempts are kept.

        Raises `NotFound`, or `InvalidState` where it came in, is on its first way, or its webhook is disabled.
        """
        if event_id not in await self._webhooks.events([event_id], lean=True):
            raise NotFound("webhook event", to_public(IdKind.WEBHOOK_EVENT, event_id))
        return await self._webhooks.replay(event_id, self._clock.now())

    async def _get(self, webhook_id: UUID) -> WebhookRecord:
        webhook = await self._webhooks.find(id=webhook_id)
        if webhook is None:
            raise NotFound("webhook", to_public(IdKind.WEBHOOK, webhook_id))
        return webhook

    def _sealed(self, webhook_id: UUID, secret: str) -> bytes:
        return self._cipher.encrypt(secret.encode(), purpose=purpose_of(webhook_id))

    async def _problems(self, settings: WebhookSettings, *, with_workflow: bool = True) -> list[Problem]:
        """The problems of the settings."""
        problems = settings_problems(settings, longest_name=self._limits.max_label_characters)
        id = settings.workflow_id
        if with_workflow and id is not None and await self._workflows.find(id=id) is None:
            missing = NotFound("workflow", to_public(IdKind.WORKFLOW, id))
            problems.append(Problem(path=("workflowId",), message=str(missing)))
        return problems


def _new_secret(signature: InboundSignature) -> str:
    match signature:
        case InboundSignature.NONE:
            return ""
        case InboundSignature.STANDARD_WEBHOOKS:
            return secret_text(secrets.token_bytes(_SECRET_BYTES))
        case _:
            return secrets.token_urlsafe(_SECRET_BYTES)
