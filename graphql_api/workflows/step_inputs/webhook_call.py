"""The input of WEBHOOK_CALL."""

from datetime import timedelta

import strawberry

from graphql_api.kit.enums import CircuitBreakerUse
from graphql_api.kit.scalars import JSON


@strawberry.input(description="Send a signed event to a webhook.")
class WebhookCallInput:
    """Send a signed event to a webhook."""

    url: str | None
    webhook_id: strawberry.ID | None
    event_type: str
    payload: JSON | None
    headers: JSON | None
    await_callback: timedelta | None = strawberry.field(description="Wait for the receiver to call back.")
    circuit_breaker: CircuitBreakerUse | None
