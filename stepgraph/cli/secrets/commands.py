"""`stepgraph secrets …`: values that workflows read as `secrets.<name>`; none is ever shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepgraph.cli.kit.api_calls import all_of, change, list_all, report, value_of, with_client
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import Exit, fail
from stepgraph.cli.kit.output import console, moment, print_json, table

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

app = typer.Typer(name="secrets", help="Manage secrets, which workflows read as secrets.NAME.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the secret: letters, digits and underscores.", show_default=False)]


@app.command("list")
def list_secrets(url: Url = None, as_json: AsJson = False) -> None:
    """List secrets by name; values are never shown.

    Example: stepgraph secrets list
    """
    secrets = list_all(url, "secrets.Secrets")
    if as_json:
        print_json(secrets)
    else:
        rows = ((secret["name"], moment(secret["createdAt"]), moment(secret["updatedAt"])) for secret in secrets)
        console.print(table(("name", "created", "updated"), rows))


@app.command()
def readers(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """List the workflows whose newest version reads a secret, with the steps that do.

    Example: stepgraph secrets readers shop_token
    """

    async def found(client: ApiClient) -> list[dict[str, Any]]:
        if await value_of(client, "secrets.SecretReaders", name=name, first=1) is None:
            fail(f"There is no secret {name}.")
        return await all_of(client, "secrets.SecretReaders", "readers", name=name)

    workflows = with_client(url, found)
    if as_json:
        print_json(workflows)
        return
    rows = (
        (each["workflow"]["name"], each["version"], each["workflow"]["status"], ", ".join(each["paths"]))
        for each in workflows
    )
    console.print(table(("workflow", "version", "status", "steps"), rows))


@app.command("set")
def set_secret(
    name: Name,
    file: Annotated[
        str | None,
        typer.Option(help="File with the value, or - for standard input. Default: prompt, or read a pipe."),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Set the value of a secret. One line end at the end of the value is removed.

    Example: stepgraph secrets set shop_token --file token.txt
    """
    report(change(url, "secrets.SetSecret", name=name, value=_value(name, file)), f"{name} is set", as_json=as_json)


@app.command()
def delete(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a secret. Refused while a workflow reads it.

    Example: stepgraph secrets delete shop_token
    """
    report(change(url, "secrets.DeleteSecret", name=name), f"deleted {name}", as_json=as_json)


def _value(name: str, file: str | None) -> str:
    """Read a secret's value from a file or standard input, never from an argument, which other processes could see."""
    if file is None and sys.stdin.isatty():
        return str(typer.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True, err=True))
    try:
        data = sys.stdin.buffer.read() if file in (None, "-") else Path(str(file)).read_bytes()
        return data.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", Exit.USAGE)
    except UnicodeDecodeError:
        fail("The value is no UTF-8. Store it in base64.", Exit.USAGE)
