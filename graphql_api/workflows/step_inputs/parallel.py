"""The input of PARALLEL."""

import strawberry

from graphql_api.kit.enums import Join
from graphql_api.workflows.step_inputs.blocks import Steps


@strawberry.input(description="A named branch of a parallel step.")
class BranchInput:
    """A named branch of a parallel step."""

    name: str
    steps: Steps


@strawberry.input(description="Run branches at the same time.")
class ParallelInput:
    """Run branches at the same time."""

    branches: list[BranchInput]
    join: Join = Join.ALL
    max_concurrency: int | None
