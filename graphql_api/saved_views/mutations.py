"""Mutations of saved views."""

from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.errors import ConflictError, NotFoundError, ValidationError
from graphql_api.kit.ids import read_id
from graphql_api.saved_views.inputs import CreateSavedViewInput, UpdateSavedViewInput
from graphql_api.saved_views.types import SavedView

SavedViewResult: TypeAlias = Annotated[
    SavedView | NotFoundError | ValidationError | ConflictError,
    strawberry.union("SavedViewResult", description="The view, or why it was not saved."),
]


@strawberry.type
class SavedViewMutations:
    """The part of Mutation that is about saved views."""

    @strawberry.mutation(description="Save a view, for the key that asks, or shared with everybody.")
    async def create_saved_view(self, info: Info, input: CreateSavedViewInput) -> SavedViewResult:
        principal = info.context.principal
        return SavedView.from_record(
            await info.context.services.saved_views.create(principal, input.to_request()), principal
        )

    @strawberry.mutation(
        description="Change a view of the key that asks. The role EDITOR may change the shared views of others, too."
    )
    async def update_saved_view(self, info: Info, id: strawberry.ID, input: UpdateSavedViewInput) -> SavedViewResult:
        principal, view_id = info.context.principal, read_id(id, IdKind.SAVED_VIEW)
        view = await info.context.services.saved_views.update(principal, view_id, input.to_changes())
        return SavedView.from_record(view, principal)

    @strawberry.mutation(
        description="Delete a view of the key that asks. The role EDITOR may delete the shared views of others, too."
    )
    async def delete_saved_view(self, info: Info, id: strawberry.ID) -> DeleteResult:
        await info.context.services.saved_views.delete(info.context.principal, read_id(id, IdKind.SAVED_VIEW))
        return Deleted(id=id)
