"""What a mutation that deletes something answers."""

from typing import Annotated, TypeAlias

import strawberry

from graphql_api.kit.errors import ConflictError, InvalidStateError, NotFoundError


@strawberry.type(description="What was deleted.")
class Deleted:
    """What was deleted."""

    id: strawberry.ID


DeleteResult: TypeAlias = Annotated[
    Deleted | NotFoundError | ConflictError | InvalidStateError,
    strawberry.union("DeleteResult", description="What was deleted, or why it was not."),
]
