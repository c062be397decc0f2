"""`stepgraph secrets …`: values that workflows read as `secrets.<name>`; none is ever shown."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from stepgraph.client import connected
from stepgraph.commands.exits import Exit, fail, run
from stepgraph.commands.secret_operations import DELETE, SECRETS, SET
from stepgraph.commands.showing import console, print_json, table
from stepgraph.commands.workflows import AsJson, Url
from stepgraph.settings import load_settings

app = typer.Typer(name="secrets", help="What workflows read as secrets.NAME.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Letters, digits and underscores.", show_default=False)]


@app.command("list")
def list_secrets(url: Url = None, as_json: AsJson = False) -> None:
    """List the names of the secrets.

    Example: stepgraph secrets list
    """
    secrets = _ask(SECRETS, url)["secrets"]
    if as_json:
        print_json(secrets)
    else:
        columns = ("name", "createdAt", "updatedAt")
        console.print(table(columns, [[secret[name] for name in columns] for secret in secrets]))


@app.command("set")
def set_secret(
    name: Name,
    file: Annotated[
        str | None,
        typer.Option(help="A file with the value, - for standard input. Default: ask, or read what is piped in."),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Store a secret, or a new value of it. A line end at the end of what is read is left out.

    Example: stepgraph secrets set shop_token --file token.txt
    """
    secret = _ask(SET, url, name=name, value=_value(name, file))["setSecret"]
    if as_json:
        print_json(secret)
    else:
        console.print(f"{secret['name']} is set", highlight=False)


@app.command()
def delete(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a secret that no workflow reads any more.

    Example: stepgraph secrets delete shop_token
    """
    answer = _ask(DELETE, url, name=name)["deleteSecret"]
    if answer["__typename"] != "Deleted":
        fail(answer["message"])
    if as_json:
        print_json(answer)
    else:
        console.print("deleted", highlight=False)


def _value(name: str, file: str | None) -> str:
    """What to store: never an argument, which other processes and the shell's history would see."""
    if file is None and sys.stdin.isatty():
        return str(typer.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True, err=True))
    try:
        data = sys.stdin.buffer.read() if file in (None, "-") else Path(str(file)).read_bytes()
        return data.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", Exit.USAGE)
    except UnicodeDecodeError:
        fail("The value is no UTF-8. Store it in base64.", Exit.USAGE)


def _ask(operation: str, url: str | None, **variables: Any) -> Any:
    async def main() -> Any:
        async with connected(url or load_settings().url) as client:
            return await client.execute(operation, **variables)

    return run(main())
