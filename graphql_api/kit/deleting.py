"""The result of mutations that delete something."""

from typing import Annotated, TypeAlias

import strawberry

from graphql_api.kit.errors import ConflictError, InvalidStateError, NotFoundError


@strawberry.type(description="The confirmation of a deletion, with the id of the deleted object.")
class Deleted:
    """The confirmation of a deletion."""

    id: strawberry.ID


DeleteResult: TypeAlias = Annotated[
    Deleted | NotFoundError | ConflictError | InvalidStateError,
    strawberry.union("DeleteResult", description="The id of the deleted object, or why it was not deleted."),
]
