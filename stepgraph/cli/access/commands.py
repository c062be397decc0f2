"""`stepgraph keys …`, `whoami` and `audit`: who may use the API, who is asking, and who asked it for what."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from domain.kernel.ids import IdKind, to_public
from domain.kernel.statuses import Role
from domain.kernel.times import time_text
from stepgraph.cli.kit.api_calls import call, change, list_all, report
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import Exit, fail, run, settings_of
from stepgraph.cli.kit.output import console, moment, print_json, say, table

app = typer.Typer(name="keys", help="Manage API keys.", no_args_is_help=True)


@app.command("list")
def list_keys(url: Url = None, as_json: AsJson = False) -> None:
    """List API keys.

    Example: stepgraph keys list
    """
    keys = list_all(url, "access.Keys")
    if as_json:
        print_json(keys)
    else:
        rows = (
            (key["id"], key["name"], key["role"], key["prefix"], moment(key["expiresAt"]), moment(key["lastUsedAt"]))
            for key in keys
        )
        console.print(table(("id", "name", "role", "prefix", "expires", "last used"), rows))


@app.command()
def create(
    name: Annotated[
        str, typer.Argument(help="Name of the key: the person or program that uses it.", show_default=False)
    ],
    role: Annotated[Role, typer.Option(help="Role of the key.", case_sensitive=False)] = Role.VIEWER,
    expires: Annotated[
        datetime | None,
        typer.Option(
            help="Expiry, in UTC. Default: never.", metavar="TIME", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]
        ),
    ] = None,
    in_database: Annotated[
        bool, typer.Option("--in-database", help="Write to DATABASE_URL instead of calling the API: for the first key.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key, and print its token. The token is not shown again.

    Example: stepgraph keys create "nightly reports" --role OPERATOR --expires 2030-01-31
    """
    expires_at = None if expires is None else expires.replace(tzinfo=UTC)
    if in_database:
        created = run(_create_in_database(name, role, expires_at))
    else:
        ends = None if expires_at is None else time_text(expires_at)
        answer = change(url, "access.CreateKey", name=name, role=role.value, expiresAt=ends)
        created = {"id": answer["apiKey"]["id"], "token": answer["token"]}
    if as_json:
        print_json(created)
    else:
        typer.echo(created["token"])


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(help="Id of the key, ak_…", show_default=False)],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Revoke an API key; its open subscriptions end.

    Example: stepgraph keys revoke ak_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    report(change(url, "access.RevokeKey", id=id), f"revoked {id}", as_json=as_json)


def whoami(url: Url = None, as_json: AsJson = False) -> None:
    """Show the key in use: its name, its role, and what it may not do.

    Example: stepgraph whoami
    """
    principal = call(url, "access.Principal")
    if as_json:
        print_json(principal)
        return
    key, denied = principal["apiKeyId"], principal["deniedFields"]
    typer.echo(f"{principal['name']}: {principal['role']}, {key or 'the API asks for no keys'}")
    typer.echo(f"may not use: {', '.join(denied)}" if denied else "may use everything")


def audit(
    first: Annotated[int, typer.Option(min=1, max=100, help="Number of entries, at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Cursor of the last page: continue after it.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show the audit log: who did what, newest first.

    Example: stepgraph audit --first 50
    """
    page = call(url, "access.Audit", first=first, after=after)
    entries = page["nodes"]
    if as_json:
        print_json(entries)
    else:
        rows = (
            (moment(entry["at"]), entry["principal"], entry["action"], entry["target"] or "", entry["outcome"])
            for entry in entries
        )
        console.print(table(("at", "principal", "action", "target", "outcome"), rows))
    if not as_json and page["pageInfo"]["hasNextPage"]:
        say(f"more: --after {page['pageInfo']['endCursor']}", style="dim")


async def _create_in_database(name: str, role: Role, expires_at: datetime | None) -> dict[str, str]:
    from domain.access.service import AccessService  # slow to import, and for this one only
    from persistence.postgres.access.api_keys import PostgresApiKeyStore
    from persistence.postgres.connections.clock import DatabaseClock
    from persistence.postgres.connections.database import Database

    settings = settings_of()
    if settings.database_url is None:
        fail("DATABASE_URL must be set.", Exit.USAGE)
    async with Database(settings.database_url, pool_size=1) as database:
        clock = DatabaseClock()
        await clock.measure(database)
        access = AccessService(keys=PostgresApiKeyStore(database), clock=clock, requires_keys=True)
        key, token = await access.create(name, role, expires_at)
    return {"id": to_public(IdKind.API_KEY, key.id), "token": token}
