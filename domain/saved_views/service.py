"""Use cases of saved views: each on behalf of a principal, whose own views nobody else sees."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast
from uuid import UUID

from domain.access.model import Principal
from domain.kernel.changes import UNSET, given
from domain.kernel.clock import Clock
from domain.kernel.errors import Forbidden, InvalidInput, NotFound, Problem
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.pages import Page
from domain.kernel.statuses import Role, ViewKind
from domain.saved_views.model import (
    MOST_OF_ONE_OWNER,
    SHARING,
    TENDING,
    NewView,
    SavedView,
    ViewChanges,
    column_problems,
    filter_problems,
    name_problems,
)
from domain.saved_views.ports import SavedViewStore


class SavedViewService:
    """Use cases of saved views."""

    def __init__(self, *, views: SavedViewStore, clock: Clock) -> None:
        self._views = views
        self._clock = clock

    async def create(self, principal: Principal, new: NewView) -> SavedView:
        """Store a view of the principal's.

        Raises `InvalidInput`, `Conflict` where it has one of this kind and name, `LimitExceeded` where it has too many,
        or `Forbidden` where it may not share.
        """
        problems = [*name_problems(new.name), *filter_problems(new.filter), *column_problems(new.columns)]
        if problems:
            raise InvalidInput(problems)
        if new.is_shared:
            _require(principal, SHARING, "Sharing a view")
        now = self._clock.now()
        view = SavedView(
            id=self._clock.new_id(),
            kind=new.kind,
            name=new.name,
            filter=_object(new.filter),
            columns=tuple(new.columns),
            is_shared=new.is_shared,
            owner_id=principal.key_id,
            owner=principal.name,
            created_at=now,
            updated_at=now,
        )
        await self._views.add(view, most=MOST_OF_ONE_OWNER)
        return view

    async def update(self, principal: Principal, id: UUID, changes: ViewChanges) -> SavedView:
        """Change a view. Raises as `create` does, `NotFound`, or `Forbidden` for another's without the role."""
        view = await self._to_change(principal, id)
        members = given(changes)
        nulls = [name for name in ("name", "columns", "is_shared") if members.get(name, UNSET) is None]
        problems = [
            Problem(path=("shared" if name == "is_shared" else name,), message="A view always has this.")
            for name in nulls
        ]
        if not problems:
            members = {name: _stored(name, value) for name, value in members.items()}
            problems = _problems_of(members)
        if problems:
            raise InvalidInput(problems)
        changed = replace(view, **members, updated_at=self._clock.now())
        if changed.is_shared and not view.is_shared:
            _require(principal, SHARING, "Sharing a view")
        if not await self._views.replace(changed):
            raise _missing(id)
        return changed

    async def delete(self, principal: Principal, id: UUID) -> None:
        """Remove a view. Raises `NotFound`, or `Forbidden` for another's without the role."""
        await self._to_change(principal, id)
        if not await self._views.remove(id):
            raise _missing(id)

    async def find(self, principal: Principal, id: UUID) -> SavedView | None:
        """The view with this id, where the principal may see it."""
        view = await self._views.get(id)
        return view if view is not None and view.may_be_seen_by(principal) else None

    async def page(
        self, principal: Principal, kind: ViewKind | None, *, first: int, after: tuple[str, UUID] | None
    ) -> Page[SavedView]:
        """The principal's views and the shared ones, by name; `after` is the name and the id of a view."""
        return await self._views.page(principal.key_id, kind, first=first, after=after)

    async def count(self, principal: Principal, kind: ViewKind | None) -> int:
        """The number of views that the principal sees."""
        return await self._views.count(principal.key_id, kind)

    async def _to_change(self, principal: Principal, id: UUID) -> SavedView:
        view = await self.find(principal, id)
        if view is None:
            raise _missing(id)
        if not view.is_of(principal):
            _require(principal, TENDING, "Changing the view of another")
        return view


def _stored(name: str, value: object) -> object:
    match name:
        case "columns":
            return tuple(cast("tuple[str, ...]", value))
        case "filter":
            return {} if value is None else value
        case _:
            return value


def _problems_of(members: Mapping[str, object]) -> list[Problem]:
    problems: list[Problem] = []
    if "name" in members:
        problems += name_problems(cast("str", members["name"]))
    if "filter" in members:
        problems += filter_problems(cast("JsonValue", members["filter"]))
    if "columns" in members:
        problems += column_problems(cast("tuple[str, ...]", members["columns"]))
    return problems


def _object(filter: JsonValue) -> Mapping[str, JsonValue]:
    return filter if isinstance(filter, Mapping) else {}


def _require(principal: Principal, role: Role, what: str) -> None:
    if not principal.role.covers(role):
        raise Forbidden(
            f"{what} needs the role {role.value}, and the key {principal.name!r} has {principal.role.value}."
        )


def _missing(id: UUID) -> NotFound:
    return NotFound("saved view", to_public(IdKind.SAVED_VIEW, id))
