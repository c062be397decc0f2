"""Reading saved views for several resolvers at once."""

import asyncio
from asyncio import Future
from uuid import UUID

from domain.kernel.pages import Page
from domain.kernel.statuses import ViewKind
from domain.saved_views.model import SavedView
from graphql_api.context import Context
from graphql_api.kit.shared_reads import shared


class ViewPages:
    """The pages that one operation asks for: each is read once with its filters, however often it is asked for."""

    def __init__(self, context: Context) -> None:
        self._views, self._principal = context.services.saved_views, context.principal
        self._reads: dict[object, Future[Page[SavedView]]] = {}

    def page(self, kind: ViewKind | None, *, first: int, after: tuple[str, UUID] | None) -> "Future[Page[SavedView]]":
        """The first views of a kind behind a place."""
        asked = (kind, first, after)
        if asked not in self._reads:
            read = self._views.page(self._principal, kind, first=first, after=after)
            self._reads[asked] = asyncio.ensure_future(read)
        return shared(self._reads[asked])
