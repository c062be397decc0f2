"""GraphQL inputs of saved views."""

import strawberry

from domain.kernel.changes import UNSET
from domain.saved_views.model import NewView, ViewChanges
from graphql_api.kit.changes import member
from graphql_api.kit.enums import ViewKind
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON


@strawberry.input(description="A view to save.")
class CreateSavedViewInput:
    """A view to save."""

    kind: ViewKind
    name: str = strawberry.field(description="1 to 100 characters; a key has one view of a kind with a name.")
    filter: JSON | None = strawberry.field(description="An object, such as an ExecutionFilter, of 16 KiB at most.")
    columns: list[str] = strawberry.field(default_factory=list, description="At most 50, as the client names them.")
    shared: bool = strawberry.field(default=False, description="Everybody sees it. Needs the role OPERATOR.")

    def to_request(self) -> NewView:
        """The request that the service takes."""
        return NewView(
            kind=self.kind,
            name=self.name,
            filter=json_value(self.filter),
            columns=self.columns,
            is_shared=self.shared,
        )


@strawberry.input(description="Changes to a saved view: what is left out stays.")
class UpdateSavedViewInput:
    """Changes to a saved view."""

    name: str | None = strawberry.UNSET
    filter: JSON | None = strawberry.UNSET
    columns: list[str] | None = strawberry.UNSET
    shared: bool | None = strawberry.field(default=strawberry.UNSET, description="Sharing needs the role OPERATOR.")

    def to_changes(self) -> ViewChanges:
        """The changes that the service takes."""
        filter = member(self.filter)
        return ViewChanges(
            name=member(self.name),
            filter=filter if filter is UNSET else json_value(filter),
            columns=member(self.columns),
            is_shared=member(self.shared),
        )
