"""Queries of saved views."""

import strawberry

from domain.kernel.ids import IdKind
from domain.saved_views import model
from graphql_api.context import Info
from graphql_api.kit.enums import ViewKind
from graphql_api.kit.ids import read_id
from graphql_api.kit.pagination import BY_SAVED_VIEW, Connection, connection, page_size
from graphql_api.saved_views.loaders import ViewPages
from graphql_api.saved_views.types import SavedView


@strawberry.type
class SavedViewQueries:
    """The part of Query that is about saved views."""

    @strawberry.field(
        description="A saved view; null where there is none with this id, or another key's that is not shared."
    )
    async def saved_view(self, info: Info, id: strawberry.ID) -> SavedView | None:
        return await load_view(info, id)

    @strawberry.field(description="The views of the key that asks, and those that are shared, by name.")
    async def saved_views(
        self,
        info: Info,
        kind: ViewKind | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> Connection[SavedView]:
        size, key = page_size(first), BY_SAVED_VIEW.read(after)
        info.context.spend_rows(size)
        views, principal = info.context.services.saved_views, info.context.principal
        wanted = None if kind is strawberry.UNSET else kind

        def shown(view: model.SavedView) -> SavedView:
            return SavedView.from_record(view, principal)

        return connection(
            await info.context.shared(ViewPages).page(wanted, first=size, after=key),
            item=shown,
            key=lambda view: (view.name, view.id),
            cursors=BY_SAVED_VIEW,
            is_first=key is None,
            count=lambda: views.count(principal, wanted),
        )


async def load_view(info: Info, id: str) -> SavedView | None:
    """The view with this id, where the principal may see it."""
    view = await info.context.services.saved_views.find(info.context.principal, read_id(id, IdKind.SAVED_VIEW))
    return None if view is None else SavedView.from_record(view, info.context.principal)
