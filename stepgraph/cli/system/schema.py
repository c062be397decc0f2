"""`schema`: what the API and the documents look like, for tools."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from stepgraph.cli.kit.arguments import Url
from stepgraph.cli.kit.exit_codes import Exit, fail


class Kind(StrEnum):
    """The schemas that the command can print."""

    GRAPHQL = "graphql"
    DOCUMENT = "document"


def schema(
    kind: Annotated[Kind, typer.Argument(help="Schema to print: of the GraphQL API, or of workflow documents.")] = (
        Kind.GRAPHQL
    ),
    served: Annotated[
        bool,
        typer.Option(
            "--served", help="Ask the API for that of documents: it has the kinds of steps that are installed there."
        ),
    ] = False,
    url: Url = None,
) -> None:
    """Print the GraphQL schema, or the JSON Schema of workflow documents.

    Example: stepgraph schema document > workflow.schema.json
    """
    if served and kind is Kind.GRAPHQL:
        fail("--served is for the schema of documents: stepgraph schema document --served", Exit.USAGE)
    if kind is Kind.GRAPHQL:
        from graphql_api.export import exported_schema

        typer.echo(exported_schema(), nl=False)
    elif served:
        from stepgraph.cli.kit.api_calls import call

        typer.echo(json.dumps(call(url, "system.DocumentSchema"), indent=2))
    else:
        from domain.workflows.documents.json_schema import installed_schema

        typer.echo(json.dumps(installed_schema(), indent=2))
