"""`signal`, `pause`, `resume`, `export` and `delete`: what can be done with one execution, besides cancel and retry."""

from typing import Annotated

import typer

from domain.kernel.json.text import JsonValue
from stepgraph.cli.kit.api_calls import call, change, report
from stepgraph.cli.kit.arguments import AsJson, ExecutionId, Url
from stepgraph.cli.kit.exit_codes import fail, json_argument
from stepgraph.cli.kit.output import console, print_json, status


def signal(
    id: ExecutionId,
    name: Annotated[str, typer.Argument(help="Name of the signal.", show_default=False)],
    payload: Annotated[str, typer.Option(help="Payload as JSON, or @file with JSON or YAML.")] = "null",
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Send a signal to an execution; it is stored until a step waits for it.

    Example: stepgraph signal ex_01kaz1v8q3e0x9m6s4t7c2b5d8 approval --payload '{"approved": true}'
    """
    value = json_argument(payload, "--payload")
    tell("executions.Signal", url, as_json, id=id, name=name, payload=value)


def pause(id: ExecutionId, url: Url = None, as_json: AsJson = False) -> None:
    """Pause an execution: running steps finish, no others start.

    Example: stepgraph executions pause ex_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    tell("executions.Pause", url, as_json, id=id)


def resume(id: ExecutionId, url: Url = None, as_json: AsJson = False) -> None:
    """Resume a paused execution.

    Example: stepgraph executions resume ex_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    tell("executions.Resume", url, as_json, id=id)


def export(
    id: ExecutionId,
    max_bytes: Annotated[
        int, typer.Option(min=10_000, max=12_000_000, help="Size in bytes; what would make it larger is left out.")
    ] = 8_000_000,
    url: Url = None,
) -> None:
    """Print an execution as one JSON document: its steps, their attempts, values, and its workflow; secrets masked.

    Example: stepgraph executions export ex_01kaz1v8q3e0x9m6s4t7c2b5d8 > execution.json
    """
    document = call(url, "executions.Export", id=id, maxBytes=max_bytes)
    if document is None:
        fail(f"There is no execution {id}.")
    print_json(document)


def delete(id: ExecutionId, url: Url = None, as_json: AsJson = False) -> None:
    """Delete an execution that has ended, with its steps.

    Example: stepgraph executions delete ex_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    result = change(url, "executions.Delete", id=id)
    report(result, f"{result['id']} deleted", as_json=as_json)


def tell(operation: str, url: str | None, as_json: bool, **variables: JsonValue) -> None:
    """Send a mutation about one execution, and show the execution that it answers."""
    result = change(url, operation, **variables)
    if as_json:
        print_json(result)
    else:
        console.print(result["id"], status(result["status"]))
