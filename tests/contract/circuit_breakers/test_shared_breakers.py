"""The contract of sharing the states of circuit breakers, over memory and Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot
from domain.circuit_breakers.ports import BreakerNews, SharedBreakers
from domain.kernel.statuses import CircuitBreakerState
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW

API = "api.example.com:443"


def a_snapshot(version: int, service_id: str = API) -> BreakerSnapshot:
    return BreakerSnapshot(service_id=service_id, version=version, failure_count=version)


HALF_OPEN = BreakerSnapshot(
    service_id=API,
    state=CircuitBreakerState.HALF_OPEN,
    version=9,
    generation=2**40,
    failure_count=5,
    success_count=1,
    opened_at=NOW,
    next_probe_at=LATER,
    probes={"p": LATER, "q": NOW},
)


@asynccontextmanager
async def hearing(shared: SharedBreakers) -> AsyncIterator[AsyncIterator[BreakerNews]]:
    """A subscription to the news that is certain to hear them."""
    async with shared.news() as news:
        assert await heard(news) == BreakerNews(None)
        yield news


async def heard(news: AsyncIterator[BreakerNews]) -> BreakerNews:
    async with asyncio.timeout(20):
        return await anext(news)


async def test_nothing_is_known_at_first(storage: Storage) -> None:
    assert await storage.shared_breakers.read([API]) == {}
    assert await storage.shared_breakers.read([]) == {}


async def test_a_state_is_read_back_with_everything(storage: Storage) -> None:
    shared = storage.shared_breakers
    assert await shared.replace(HALF_OPEN, after=0) is None
    assert await shared.replace(a_snapshot(1, "b:1"), after=0) is None
    assert await shared.read([API, "b:1", "c:1"]) == {API: HALF_OPEN, "b:1": a_snapshot(1, "b:1")}


async def test_only_the_version_that_was_seen_is_replaced(storage: Storage) -> None:
    shared = storage.shared_breakers
    assert await shared.replace(a_snapshot(1), after=0) is None
    assert await shared.replace(a_snapshot(2), after=0) == a_snapshot(1)
    assert await shared.replace(a_snapshot(2), after=1) is None
    assert await shared.read([API]) == {API: a_snapshot(2)}


async def test_of_many_that_replace_the_same_one_does(storage: Storage) -> None:
    shared = storage.shared_breakers
    await shared.replace(a_snapshot(1), after=0)
    answers = await asyncio.gather(*(shared.replace(a_snapshot(2), after=1) for _ in range(30)))
    assert answers.count(None) == 1
    assert answers.count(a_snapshot(2)) == 29


async def test_everybody_hears_of_everything_in_order(storage: Storage) -> None:
    shared = storage.shared_breakers
    config = BreakerConfig(failure_threshold=7, reset_timeout=timedelta(milliseconds=1500))
    async with hearing(shared) as one, hearing(shared) as two:
        await shared.replace(HALF_OPEN, after=0)
        await shared.replace(a_snapshot(10), after=0)  # refused, so nobody hears of it
        await shared.configured(API, config)
        await shared.deleted(API)
        for news in (one, two):
            assert await heard(news) == BreakerNews(API, snapshot=HALF_OPEN)
            assert await heard(news) == BreakerNews(API, config=config)
            assert await heard(news) == BreakerNews(API)


async def test_what_was_deleted_is_still_in_the_way_of_what_comes_too_late(storage: Storage) -> None:
    shared = storage.shared_breakers
    await shared.replace(a_snapshot(5), after=0)
    await shared.deleted(API)
    assert await shared.replace(a_snapshot(5), after=4) == a_snapshot(5)


async def test_where_nothing_is_known_any_state_is_taken(storage: Storage) -> None:
    assert await storage.shared_breakers.replace(a_snapshot(6), after=5) is None
    assert await storage.shared_breakers.read([API]) == {API: a_snapshot(6)}


async def test_who_listens_no_more_leaves_nothing_behind(storage: Storage) -> None:
    for _ in range(3):
        async with hearing(storage.shared_breakers):
            pass
    async with hearing(storage.shared_breakers) as news:
        await storage.shared_breakers.replace(a_snapshot(1), after=0)
        assert await heard(news) == BreakerNews(API, snapshot=a_snapshot(1))
