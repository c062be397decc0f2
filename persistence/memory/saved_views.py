"""Saved views, in memory."""

from uuid import UUID

from domain.kernel.errors import Conflict, LimitExceeded
from domain.kernel.pages import Page
from domain.kernel.statuses import ViewKind
from domain.saved_views.model import SavedView


class MemorySavedViewStore:
    """Implements `domain.saved_views.ports.SavedViewStore`."""

    def __init__(self) -> None:
        self._views: dict[UUID, SavedView] = {}

    async def add(self, view: SavedView, *, most: int) -> None:
        if sum(each.owner_id == view.owner_id for each in self._views.values()) >= most:
            raise LimitExceeded(f"One key has at most {most} saved views: delete one first.")
        self._check_name(view)
        self._views[view.id] = view

    async def replace(self, view: SavedView) -> bool:
        if view.id not in self._views:
            return False
        self._check_name(view)
        self._views[view.id] = view
        return True

    async def remove(self, id: UUID) -> bool:
        return self._views.pop(id, None) is not None

    async def get(self, id: UUID) -> SavedView | None:
        return self._views.get(id)

    async def page(
        self, owner_id: UUID | None, kind: ViewKind | None, *, first: int, after: tuple[str, UUID] | None
    ) -> Page[SavedView]:
        found = sorted(self._seen_by(owner_id, kind), key=lambda view: (view.name, view.id))
        rest = [view for view in found if after is None or (view.name, view.id) > after]
        return Page(rows=tuple(rest[:first]), has_next=len(rest) > first)

    async def count(self, owner_id: UUID | None, kind: ViewKind | None) -> int:
        return len(self._seen_by(owner_id, kind))

    def _seen_by(self, owner_id: UUID | None, kind: ViewKind | None) -> list[SavedView]:
        return [
            view
            for view in self._views.values()
            if (view.is_shared or view.owner_id == owner_id) and (kind is None or view.kind is kind)
        ]

    def _check_name(self, view: SavedView) -> None:
        for each in self._views.values():
            if each.id != view.id and (each.owner_id, each.kind, each.name) == (view.owner_id, view.kind, view.name):
                raise Conflict(
                    f"There is a view called {view.name!r} of this kind already: take another name, or change that."
                )
