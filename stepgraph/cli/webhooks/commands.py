"""`webhooks`: who is told of what happens here, and at which addresses others start workflows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import InboundSignature, WebhookDirection, WebhookEventStatus
from stepgraph.cli.kit.api_calls import accepted, change, report, value_of, with_client
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import Exit, fail
from stepgraph.cli.kit.output import console, moment, print_json, table
from stepgraph.cli.webhooks.lookups import all_webhooks, call_about, id_of
from stepgraph.cli.workflows.commands import workflow_id_of

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

app = typer.Typer(
    help="Manage webhooks: outbound ones that send events, inbound ones that start workflows.",
    no_args_is_help=True,
)
NameOrId = Annotated[str, typer.Argument(help="Name of the webhook, or its id, wh_…", show_default=False)]
SecretFile = Annotated[
    str | None,
    typer.Option(
        help="File with the secret, or - for standard input. Default: a new one is generated.", show_default=False
    ),
]


@app.command("list")
def list_webhooks(
    direction: Annotated[
        WebhookDirection | None, typer.Option(case_sensitive=False, help="Filter by direction.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List webhooks, newest first.

    Example: stepgraph webhooks list --direction INBOUND
    """
    webhooks = with_client(url, lambda client: all_webhooks(client, direction))
    if as_json:
        print_json(webhooks)
        return
    console.print(table(("name", "id", "direction", "about", ""), (_line(webhook) for webhook in webhooks)))


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the webhook; must be unique.", show_default=False)],
    to: Annotated[str | None, typer.Option(help="Outbound: URL that events are sent to.", show_default=False)] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(help="Outbound: event type, such as execution.failed; may be repeated. Default: all."),
    ] = None,
    workflow: Annotated[
        str | None, typer.Option(help="Inbound: workflow to start. Outbound: send only events of this workflow.")
    ] = None,
    signature: Annotated[
        InboundSignature, typer.Option(case_sensitive=False, help="Inbound: signature scheme of the messages.")
    ] = InboundSignature.STANDARD_WEBHOOKS,
    input: Annotated[
        str | None, typer.Option(help="Inbound: expression for the input of the execution. Default: the body.")
    ] = None,
    secret_file: SecretFile = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create a webhook, outbound with --to, else inbound. Its address and secret are printed; the secret only now.

    Example: stepgraph webhooks create pushes --workflow deploy --signature GITHUB --input body.head_commit
    """
    wanted: dict[str, JsonValue] = {
        "name": name,
        "direction": (WebhookDirection.INBOUND if to is None else WebhookDirection.OUTBOUND).value,
        "url": to,
        "eventTypes": event,
        "signature": signature.value,
        "input": input,
        "secret": _secret(secret_file),
    }

    async def creating(client: ApiClient) -> Any:
        wanted["workflowId"] = None if workflow is None else await workflow_id_of(client, workflow)
        return await value_of(client, "webhooks.CreateWebhook", input=wanted)

    created = accepted(with_client(url, creating))
    if as_json:
        print_json(created)
    else:
        typer.echo(f"address: {created['webhook']['url']}\nsecret:  {created['secret'] or 'none'}")


@app.command()
def show(name: NameOrId, url: Url = None, as_json: AsJson = False) -> None:
    """Show a webhook with its address.

    Example: stepgraph webhooks show pushes
    """
    webhook = call_about(url, name, "webhooks.Webhook")
    if as_json:
        print_json(webhook)
        return
    facts: dict[str, object] = {
        "id": webhook["id"],
        "direction": webhook["direction"],
        "address": webhook["url"],
        "signature": webhook["signature"],
        "about": _about(webhook),
        "input": webhook["input"] or "",
        "enabled": _state(webhook) or "yes",
        "old secret until": moment(webhook["previousSecretUntil"]),
    }
    console.print(table((webhook["name"], ""), facts.items()))


@app.command()
def events(
    name: NameOrId,
    only: Annotated[
        WebhookEventStatus | None, typer.Option("--status", case_sensitive=False, help="Filter by status.")
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="Number of items, at most.")] = 20,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the events of a webhook, sent or received, newest first.

    Example: stepgraph webhooks events audit --status FAILED --first 50
    """
    status = None if only is None else only.value
    webhook = call_about(url, name, "webhooks.WebhookEvents", status=status, first=first)
    found: list[dict[str, Any]] = webhook["events"]["nodes"]
    if as_json:
        print_json(found)
        return
    rows = (
        (
            event["id"],
            moment(event["createdAt"]),
            event["eventType"],
            event["status"],
            event["attempts"] or "",
            (event["execution"] or {}).get("id", ""),
            event["lastError"] or "",
        )
        for event in found
    )
    console.print(table(("id", "created", "type", "status", "attempts", "execution", ""), rows))


@app.command()
def update(
    name: NameOrId,
    rename: Annotated[str | None, typer.Option(help="New name.")] = None,
    to: Annotated[str | None, typer.Option(help="Outbound: URL that events are sent to.")] = None,
    event: Annotated[list[str] | None, typer.Option(help='Outbound: event type; may be repeated; "" for all.')] = None,
    workflow: Annotated[
        str | None, typer.Option(help='Inbound: workflow to start. Outbound: send only its events; "" for all.')
    ] = None,
    input: Annotated[
        str | None, typer.Option(help='Inbound: expression for the input of the execution; "" for the body.')
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Update a webhook. Options that are not given, its address and its secret stay as they are.

    Example: stepgraph webhooks update audit --event execution.failed --event execution.timed_out
    """
    given = {"name": rename, "url": to, "input": input}
    changes: dict[str, JsonValue] = {key: value or None for key, value in given.items() if value is not None}
    if event:
        changes["eventTypes"] = [each for each in event if each]

    async def updating(client: ApiClient) -> Any:
        if workflow is not None:
            changes["workflowId"] = await workflow_id_of(client, workflow) if workflow else None
        return await value_of(client, "webhooks.UpdateWebhook", id=await id_of(client, name), input=changes)

    webhook = accepted(with_client(url, updating))
    report(webhook, f"{webhook['name']}: {_about(webhook)}", as_json=as_json)


@app.command()
def rotate(name: NameOrId, secret_file: SecretFile = None, url: Url = None, as_json: AsJson = False) -> None:
    """Rotate the secret of a webhook, and print the new one once. The old one stays valid for 24 hours.

    Example: stepgraph webhooks rotate pushes
    """
    rotated = accepted(call_about(url, name, "webhooks.RotateWebhookSecret", secret=_secret(secret_file)))
    if as_json:
        print_json(rotated)
    else:
        typer.echo(rotated["secret"])


@app.command()
def enable(name: NameOrId, url: Url = None, as_json: AsJson = False) -> None:
    """Enable a webhook: its failures are reset, and events that are due are sent at once.

    Example: stepgraph webhooks enable audit
    """
    _switch(name, True, url, as_json)


@app.command()
def disable(name: NameOrId, url: Url = None, as_json: AsJson = False) -> None:
    """Disable a webhook: no events are sent to it, and messages to its address are refused.

    Example: stepgraph webhooks disable audit
    """
    _switch(name, False, url, as_json)


@app.command()
def delete(name: NameOrId, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a webhook with all its events. Executions that it has started go on.

    Example: stepgraph webhooks delete audit
    """
    deleted = accepted(call_about(url, name, "webhooks.DeleteWebhook"))
    report(deleted, f"deleted {deleted['id']}", as_json=as_json)


@app.command()
def replay(
    id: Annotated[str, typer.Argument(help="Id of the event, we_…", show_default=False)],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Send an event of an outbound webhook again, at once.

    Example: stepgraph webhooks replay we_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    event = change(url, "webhooks.ReplayWebhookEvent", id=id)
    report(event, f"{event['id']}: {event['status']}", as_json=as_json)


def _switch(name: str, enabled: bool, url: str | None, as_json: bool) -> None:
    webhook = accepted(call_about(url, name, "webhooks.UpdateWebhook", input={"enabled": enabled}))
    report(webhook, f"{webhook['name']}: {'enabled' if enabled else 'disabled'}", as_json=as_json)


def _secret(file: str | None) -> str | None:
    """The first line of a file: what stands in a command could be read by others."""
    if file is None:
        return None
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error}", Exit.USAGE)
    return text.rstrip("\r\n")


def _line(webhook: Mapping[str, Any]) -> tuple[object, ...]:
    return webhook["name"], webhook["id"], webhook["direction"], _about(webhook), _state(webhook)


def _about(webhook: Mapping[str, Any]) -> str:
    """The workflow that an inbound webhook starts, or the events that an outbound one is told of."""
    workflow = (webhook["workflow"] or {}).get("name", "")
    if webhook["direction"] == WebhookDirection.INBOUND.value:
        return f"starts {workflow}"
    types = ", ".join(webhook["eventTypes"]) or "everything"
    return f"{types} of {workflow}" if workflow else types


def _state(webhook: Mapping[str, Any]) -> str:
    if not webhook["enabled"]:
        return f"disabled. {webhook['disabledReason'] or ''}".strip()
    return f"failing since {moment(webhook['failingSince'])}" if webhook["failingSince"] else ""
