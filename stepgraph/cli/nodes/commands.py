"""`node`: any object of the API, by its id."""

from typing import Annotated

import typer

from stepgraph.cli.kit.api_calls import call
from stepgraph.cli.kit.arguments import Url
from stepgraph.cli.kit.exit_codes import fail
from stepgraph.cli.kit.output import print_json


def node(
    id: Annotated[str, typer.Argument(help="Id of any object: ex_…, wf_…, sc_…, wh_…, …", show_default=False)],
    url: Url = None,
) -> None:
    """Show any object by its id, as JSON with its type in `__typename`.

    Example: stepgraph node we_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    found = call(url, "nodes.Node", id=id)
    if found is None:
        fail(f"There is nothing with the id {id}.")
    print_json({name if name.startswith("__") else name.partition("__")[0]: value for name, value in found.items()})
