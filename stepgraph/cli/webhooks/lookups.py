"""Finding the webhooks and workflows that `stepgraph webhooks` is told about by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WebhookDirection
from stepgraph.cli.kit.api_calls import all_of, value_of, with_client
from stepgraph.cli.kit.exit_codes import fail

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient


def call_about(url: str | None, name: str, operation: str, **variables: JsonValue) -> dict[str, Any]:
    """The value of the only field of an operation about a webhook. Leaves with exit code 1 when there is none."""

    async def answered(client: ApiClient) -> dict[str, Any]:
        answer: dict[str, Any] | None = await value_of(client, operation, id=await id_of(client, name), **variables)
        if answer is None:
            fail(f"There is no webhook {name}.")
        return answer

    return with_client(url, answered)


async def id_of(client: ApiClient, name: str) -> str:
    """The text where it looks like an id, else the id of the webhook with this name."""
    if name.startswith("wh_"):
        return name
    found = next((webhook for webhook in await all_webhooks(client, None) if webhook["name"] == name), None)
    if found is None:
        fail(f"There is no webhook {name}.")
    return str(found["id"])


async def all_webhooks(client: ApiClient, direction: WebhookDirection | None) -> list[dict[str, Any]]:
    """All webhooks, or those in one direction, newest first."""
    return await all_of(client, "webhooks.Webhooks", direction=None if direction is None else direction.value)
