"""Finding the webhooks and workflows that `stepgraph webhooks` is told about by name."""

from collections.abc import Mapping
from typing import Any

from domain.json_text import JsonValue
from domain.statuses import WebhookDirection
from stepgraph.client import ApiClient, connected
from stepgraph.commands.exits import fail, run
from stepgraph.commands.webhook_operations import WEBHOOKS, WORKFLOW_ID
from stepgraph.settings import load_settings

_PAGE = 100


def ask_about(url: str | None, name: str, operation: str, **variables: JsonValue) -> Mapping[str, Any]:
    """An operation about one webhook. Leaves with exit code 1 where there is none."""

    async def main() -> Mapping[str, Any]:
        async with connected(url or load_settings().url) as client:
            answer = await client.execute(operation, id=await _id(client, name), **variables)
            if answer.get("webhook", ...) is None:
                fail(f"There is no webhook {name}.")
            return answer

    return run(main())


async def _id(client: ApiClient, name: str) -> str:
    """The text where it looks like an id, else the id of the webhook with this name."""
    if name.startswith("wh_"):
        return name
    found = next((webhook for webhook in await all_webhooks(client, None) if webhook["name"] == name), None)
    if found is None:
        fail(f"There is no webhook {name}.")
    return str(found["id"])


async def all_webhooks(client: ApiClient, direction: WebhookDirection | None) -> list[dict[str, Any]]:
    """All webhooks, or those in one direction, newest first."""
    found: list[dict[str, Any]] = []
    after = None
    wanted = None if direction is None else direction.value
    while True:
        page = (await client.execute(WEBHOOKS, direction=wanted, first=_PAGE, after=after))["webhooks"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def workflow_id_of(client: ApiClient, name: str) -> str:
    """The id of a workflow. Leaves with exit code 1 where there is none with this name."""
    found = (await client.execute(WORKFLOW_ID, name=name))["workflow"]
    if found is None:
        fail(f"There is no workflow {name}.")
    return str(found["id"])
