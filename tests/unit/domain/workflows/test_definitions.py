"""Compiled definitions: loaded once, kept while they are used, shared by those who ask at once."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, cast
from uuid import UUID

import pytest

from domain.json_schemas.checks import SchemaChecks
from domain.kernel.errors import InvalidInput, NotFound, Unavailable
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.ports import WorkflowStore
from domain.workflows.records import DefinitionRecord
from tests.builders import a_document, constant
from tests.clocks import ManualClock
from tests.waiting import wait_until

CHECKS = SchemaChecks()
TWO_SMALL_ONES = 2 * 2_000


class Versions:
    """The one method of the store that the cache calls. `loads` is every call's ids; a closed gate holds answers."""

    def __init__(self) -> None:
        self.loads: list[tuple[UUID, ...]] = []
        self.documents: dict[UUID, dict[str, Any]] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    def add(self, number: int, **members: Any) -> UUID:
        id = UUID(int=number)
        self.documents[id] = a_document(name=f"w{number}", **members)
        return id

    async def definitions(self, ids: Collection[UUID]) -> Mapping[UUID, DefinitionRecord]:
        self.loads.append(tuple(ids))
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return {
            id: DefinitionRecord(
                id=id,
                workflow_id=None,
                version=None,
                document=self.documents[id],
                created_at=ManualClock().now(),
            )
            for id in ids
            if id in self.documents
        }


@pytest.fixture
def versions() -> Versions:
    return Versions()


def cache_over(versions: Versions, size: int = 10) -> DefinitionCache:
    return DefinitionCache(cast("WorkflowStore", versions), size=size)


async def test_a_definition_is_compiled_once(versions: Versions) -> None:
    id, cache = versions.add(1), cache_over(versions)

    first, second = await cache.get(id), await cache.get(id)

    assert first is second
    assert (first.id, first.name) == (id, "w1")
    assert versions.loads == [(id,)]


async def test_callers_that_ask_at_once_share_one_load(versions: Versions) -> None:
    id, other, cache = versions.add(1), versions.add(2), cache_over(versions)
    versions.gate.clear()
    waiting = [asyncio.create_task(cache.get(id)) for _ in range(5)]
    await wait_until(lambda: versions.loads, "the first load to start")
    both = asyncio.create_task(cache.many([id, other]))
    await wait_until(lambda: len(versions.loads) == 2, "the second load to start")
    versions.gate.set()

    assert len({definition.id for definition in await asyncio.gather(*waiting)}) == 1
    assert set(await both) == {id, other}
    assert versions.loads == [(id,), (other,)]


async def test_a_caller_that_gives_up_does_not_stop_the_others(versions: Versions) -> None:
    id, cache = versions.add(1), cache_over(versions)
    versions.gate.clear()
    impatient, patient = asyncio.create_task(cache.get(id)), asyncio.create_task(cache.get(id))
    await wait_until(lambda: versions.loads, "the load to start")

    impatient.cancel()
    await asyncio.wait([impatient])
    versions.gate.set()

    assert (await patient).id == id


async def test_a_failed_load_is_tried_again_by_the_next_caller(versions: Versions) -> None:
    id, cache = versions.add(1), cache_over(versions)
    versions.failure = Unavailable("PostgreSQL is away.")
    with pytest.raises(Unavailable):
        await cache.get(id)

    versions.failure = None
    assert (await cache.get(id)).id == id


async def test_the_least_recently_used_makes_room(versions: Versions) -> None:
    one, two, three = versions.add(1), versions.add(2), versions.add(3)
    cache = cache_over(versions, size=TWO_SMALL_ONES)
    await cache.many([one, two])
    await cache.get(one)
    await cache.get(three)
    versions.loads.clear()

    await cache.many([one, three])
    assert versions.loads == []
    await cache.get(two)
    assert versions.loads == [(two,)]


async def test_one_of_many_expressions_weighs_as_much_as_many_small_ones(versions: Versions) -> None:
    """Each takes a hundred times the memory of its text."""
    small = [versions.add(number) for number in range(100)]
    many = {f"k{number}": f"{{{{ input.x{number} }}}}" for number in range(200)}
    large = versions.add(1_000, steps=[constant(output=many)])
    cache = cache_over(versions, size=1_000_000)
    await cache.many(small)
    await cache.get(large)
    versions.loads.clear()

    await cache.many([large])
    assert versions.loads == []
    assert set(await cache.many(small)) == set(small)
    assert len(versions.loads) == 1


async def test_more_definitions_at_once_than_are_kept_are_all_answered(versions: Versions) -> None:
    ids = [versions.add(number) for number in range(5)]
    assert set(await cache_over(versions, size=TWO_SMALL_ONES).many(ids)) == set(ids)


async def test_many_are_read_in_one_go_and_the_unknown_are_left_out(versions: Versions) -> None:
    one, two, cache = versions.add(1), versions.add(2), cache_over(versions)

    found = await cache.many([one, two, UUID(int=99), one])

    assert set(found) == {one, two}
    assert len(versions.loads) == 1


async def test_an_unknown_definition_is_not_found(versions: Versions) -> None:
    with pytest.raises(NotFound):
        await cache_over(versions).get(UUID(int=99))


async def test_one_that_this_release_cannot_run_is_refused_and_spoils_no_other(versions: Versions) -> None:
    good, newer, cache = versions.add(1), versions.add(2, novelty=True), cache_over(versions)
    assert set(await cache.many([good, newer])) == {good}
    with pytest.raises(InvalidInput, match="novelty"):
        await cache.get(newer)


async def test_an_input_is_checked_against_the_schema_of_its_definition(versions: Versions) -> None:
    id = versions.add(1, inputSchema={"required": ["id"]}, steps=[constant()])
    free = versions.add(2)
    cache = cache_over(versions)

    assert [problem.message for problem in await (await cache.load(id)).input_problems({}, CHECKS)] == [
        '"id" is a required property.'
    ]
    assert await (await cache.load(id)).input_problems({"id": 1}, CHECKS) == []
    assert await (await cache.load(free)).input_problems(None, CHECKS) == []
