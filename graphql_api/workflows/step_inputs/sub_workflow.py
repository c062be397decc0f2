"""The input of SUB_WORKFLOW."""

import strawberry

from graphql_api.kit.scalars import JSON


@strawberry.input(description="Run another workflow as a step.")
class SubWorkflowInput:
    """Run another workflow as a step."""

    workflow: str
    version: int | None
    input: JSON | None
    wait: bool = strawberry.field(default=True, description="False: start it and go on.")
