"""The port that stores saved views."""

from typing import Protocol
from uuid import UUID

from domain.kernel.pages import Page
from domain.kernel.statuses import ViewKind
from domain.saved_views.model import SavedView


class SavedViewStore(Protocol):
    """Saved views. One owner has one view of a kind with a name."""

    async def add(self, view: SavedView, *, most: int) -> None:
        """Store a view.

        Raises `Conflict` when its owner has one of this kind and name, and `LimitExceeded` when it has `most` views.
        """

    async def replace(self, view: SavedView) -> bool:
        """Overwrite the view with this id; False where there is none. Raises `Conflict` when the name is taken."""

    async def remove(self, id: UUID) -> bool:
        """Remove a view; False where none has this id."""

    async def get(self, id: UUID) -> SavedView | None:
        """The view with this id."""

    async def page(
        self, owner_id: UUID | None, kind: ViewKind | None, *, first: int, after: tuple[str, UUID] | None
    ) -> Page[SavedView]:
        """The views of an owner and the shared ones, by name (as code points) and id; `after` is both of a view."""

    async def count(self, owner_id: UUID | None, kind: ViewKind | None) -> int:
        """The number of views that `page` gives."""
