"""`evaluate`: what an expression gives."""

from typing import Annotated

import typer

from stepgraph.cli.kit.api_calls import call
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import fail, json_argument
from stepgraph.cli.kit.output import print_json


def evaluate(
    expression: Annotated[str, typer.Argument(help="Expression, without {{ }} around it.", show_default=False)],
    context: Annotated[
        str, typer.Option(help="Names that the expression reads, such as input, as JSON or @file with JSON or YAML.")
    ] = "{}",
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate an expression as a workflow would.

    Prints the value as JSON; the exit code is 1 where there is none.

    Example: stepgraph evaluate '$sum(input.lines.price)' --context '{"input": {"lines": [{"price": 2}, {"price": 3}]}}'
    """
    found = call(url, "system.Evaluate", expression=expression, context=json_argument(context, "--context"))
    if as_json:
        print_json(found)
    elif found["error"] is None:
        print_json(found["value"])
    if found["error"] is not None:
        fail(found["error"])
