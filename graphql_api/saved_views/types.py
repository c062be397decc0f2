"""Saved views as clients see them."""

from datetime import datetime

import strawberry

from domain.access.model import Principal
from domain.kernel.ids import IdKind
from domain.saved_views import model
from graphql_api.kit.enums import ViewKind
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.scalars import JSON


@strawberry.type(description="A list with a filter and columns under a name.")
class SavedView(Node):
    """A list with a filter and columns under a name."""

    kind: ViewKind
    name: str
    filter: JSON = strawberry.field(description="An object; what is in it is up to the client that has saved it.")
    columns: list[str]
    shared: bool = strawberry.field(description="True when everybody sees it, not only the key that made it.")
    owner: str = strawberry.field(description="The name of the key that made it; `anybody` where none was required.")
    is_own: bool = strawberry.field(description="True when the key that asks has made it.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_record(cls, view: model.SavedView, principal: Principal) -> "SavedView":
        """The view as a principal sees it."""
        return cls(
            id=public_id(IdKind.SAVED_VIEW, view.id),
            kind=view.kind,
            name=view.name,
            filter=JSON(view.filter),
            columns=list(view.columns),
            shared=view.is_shared,
            owner=view.owner,
            is_own=view.is_of(principal),
            created_at=view.created_at,
            updated_at=view.updated_at,
        )
