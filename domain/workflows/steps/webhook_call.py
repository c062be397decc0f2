"""WEBHOOK_CALL: tells a receiver of an event, and may wait until it calls back."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.expressions.templates import Template, compile_template
from domain.kernel.errors import Problem
from domain.kernel.ids import IdKind, MalformedId, from_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepType
from domain.workflows.fields.types import (
    JsonTemplate,
    PlainText,
    PositiveDuration,
    SentJson,
    SentText,
    TextTemplate,
)
from domain.workflows.steps.kind import StepConfig, StepKind
from domain.workflows.steps.requests import CircuitBreakerUse, address_problems, without_credentials


class WebhookCallConfig(StepConfig):
    """Delivers a signed event; the output is {eventId, status, callback}."""

    url: SentText | None = None
    webhook_id: PlainText | None = None
    event_type: TextTemplate
    payload: JsonTemplate | None = None
    headers: SentJson | None = None
    await_callback: PositiveDuration | None = None
    """Wait for the receiver to call back."""
    circuit_breaker: CircuitBreakerUse | None = None

    @classmethod
    def own_problems(cls, raw: Mapping[Any, Any]) -> Iterator[Problem]:
        given = [f"`{name}`" for name in ("url", "webhookId") if raw.get(name) is not None]
        if len(given) != 1:
            what = f"{' and '.join(given)} are" if given else "none is"
            message = f"Exactly one of `url`, `webhookId` must be given, but {what}."
            yield Problem(path=(), message=message, hint="Say the receiver's address with `url`.")
        webhook_id = raw.get("webhookId")
        if isinstance(webhook_id, str) and webhook_id:
            try:
                from_public(webhook_id, IdKind.WEBHOOK)
            except MalformedId as error:
                hint = "`stepgraph webhooks list` shows the ids of outbound webhooks."
                yield Problem(path=("webhookId",), message=f"{error}.", hint=hint)
        yield from address_problems(raw)


class WebhookCall(StepKind[WebhookCallConfig]):
    """Delivers an event. The input is `{url or webhookId, eventType, payload?, headers?}`.

    The checkpoint of a delivered event that waits for the callback is `{eventId, status}`.
    """

    name = StepType.WEBHOOK_CALL.value
    config = WebhookCallConfig
    executor = "actors.steps.webhook_call:executor"
    graphql_input = "graphql_api.workflows.step_inputs.webhook_call:WebhookCallInput"

    def inputs(self, config: WebhookCallConfig) -> Template:
        where = {"webhookId": config.webhook_id} if config.url is None else {"url": config.url}
        members: dict[str, JsonValue] = {**where, "eventType": config.event_type}
        if config.payload is not None:
            members["payload"] = config.payload
        if config.headers is not None:
            members["headers"] = config.headers
        return compile_template(members)

    def awaits_message(self, config: WebhookCallConfig) -> bool:
        return config.await_callback is not None

    def is_answered(self, checkpoint: JsonValue) -> bool:
        """True when the event was delivered, and only the callback is missing."""
        return isinstance(checkpoint, Mapping) and "status" in checkpoint

    def stored_input(self, input: JsonValue) -> JsonValue:
        return without_credentials(input)


WEBHOOK_CALL = WebhookCall()
