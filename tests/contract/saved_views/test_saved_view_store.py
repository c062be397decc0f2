"""Contract of `SavedViewStore`."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.errors import Conflict, LimitExceeded
from domain.kernel.ids import new_id
from domain.kernel.statuses import ViewKind
from domain.saved_views.model import SavedView
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW

ME, OTHER = new_id(), new_id()
MOST = 3


def a_view(name: str = "mine", owner_id: UUID | None = ME, **given: Any) -> SavedView:
    values: dict[str, Any] = {
        "id": new_id(),
        "kind": ViewKind.EXECUTIONS,
        "name": name,
        "filter": {"z": [2**70], "a": None},
        "columns": ("id", "status"),
        "is_shared": False,
        "owner_id": owner_id,
        "owner": "me",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return SavedView(**(values | given))


async def names(storage: Storage, owner_id: UUID | None, kind: ViewKind | None = None) -> list[str]:
    page = await storage.saved_views.page(owner_id, kind, first=100, after=None)
    assert len(page.rows) == await storage.saved_views.count(owner_id, kind)
    return [view.name for view in page.rows]


@pytest.mark.parametrize("owner_id", [ME, None], ids=["a key", "nobody"])
async def test_a_view_is_kept_as_it_is(storage: Storage, owner_id: UUID | None) -> None:
    view = a_view(owner_id=owner_id)
    await storage.saved_views.add(view, most=MOST)
    found = await storage.saved_views.get(view.id)
    assert found == view
    assert found is not None
    assert list(found.filter) == ["z", "a"]
    assert await storage.saved_views.get(new_id()) is None


async def test_an_owner_sees_its_own_and_what_is_shared(storage: Storage) -> None:
    for view in (a_view("b"), a_view("a", OTHER), a_view("Z", OTHER, is_shared=True), a_view("n", None)):
        await storage.saved_views.add(view, most=MOST)
    await storage.saved_views.add(a_view("w", kind=ViewKind.WORKFLOWS), most=MOST)

    assert await names(storage, ME) == ["Z", "b", "w"]
    assert await names(storage, ME, ViewKind.WORKFLOWS) == ["w"]
    assert await names(storage, OTHER) == ["Z", "a"]
    assert await names(storage, None) == ["Z", "n"]


async def test_pages_go_on_behind_a_name_and_an_id(storage: Storage) -> None:
    views = sorted((a_view("same", new_id(), is_shared=True) for _ in range(3)), key=lambda view: view.id)
    for view in views:
        await storage.saved_views.add(view, most=MOST)
    first = await storage.saved_views.page(ME, None, first=2, after=None)
    rest = await storage.saved_views.page(ME, None, first=2, after=("same", views[1].id))
    assert ([*first.rows], first.has_next) == (views[:2], True)
    assert ([*rest.rows], rest.has_next) == (views[2:], False)


@pytest.mark.parametrize("owner_id", [ME, None], ids=["a key", "nobody"])
async def test_one_owner_has_one_view_of_a_kind_with_a_name(storage: Storage, owner_id: UUID | None) -> None:
    one, two = a_view("one", owner_id), a_view("two", owner_id)
    await storage.saved_views.add(one, most=MOST)
    await storage.saved_views.add(two, most=MOST)
    await storage.saved_views.add(a_view("one", owner_id, kind=ViewKind.WORKFLOWS), most=MOST)
    await storage.saved_views.add(a_view("one", OTHER), most=MOST)
    with pytest.raises(Conflict):
        await storage.saved_views.add(a_view("one", owner_id), most=MOST + 1)
    with pytest.raises(Conflict):
        await storage.saved_views.replace(replace(two, name="one"))
    assert await storage.saved_views.replace(replace(one, columns=()))


async def test_one_owner_has_no_more_than_it_may(storage: Storage) -> None:
    for name in "abc":
        await storage.saved_views.add(a_view(name), most=MOST)
    with pytest.raises(LimitExceeded, match="3 saved views"):
        await storage.saved_views.add(a_view("d"), most=MOST)
    await storage.saved_views.add(a_view("d", OTHER), most=MOST)


async def test_views_are_changed_and_removed(storage: Storage) -> None:
    view = a_view()
    await storage.saved_views.add(view, most=MOST)
    changed = replace(view, name="other", filter={}, columns=("id",), is_shared=True, updated_at=LATER)
    assert await storage.saved_views.replace(changed)
    assert await storage.saved_views.get(view.id) == changed
    assert await storage.saved_views.remove(view.id)
    assert not await storage.saved_views.remove(view.id)
    assert not await storage.saved_views.replace(changed)
