"""`schema`: what the API and the documents look like, for tools."""

import json
from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    """The schemas that the command can print."""

    GRAPHQL = "graphql"
    DOCUMENT = "document"


def schema(
    kind: Annotated[Kind, typer.Argument(help="Schema to print: of the GraphQL API, or of workflow documents.")] = (
        Kind.GRAPHQL
    ),
) -> None:
    """Print the GraphQL schema, or the JSON Schema of workflow documents.

    Example: stepgraph schema document > workflow.schema.json
    """
    if kind is Kind.GRAPHQL:
        from graphql_api.export import exported_schema

        typer.echo(exported_schema(), nl=False)
    else:
        from domain.workflows.documents.json_schema import document_schema
        from domain.workflows.steps.registry import step_kinds

        typer.echo(json.dumps(document_schema(step_kinds().values()), indent=2))
