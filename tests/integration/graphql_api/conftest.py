"""The API that the tests of this folder talk to."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.graphql_api.api import Api, LiveServer, serving
from tests.integration.graphql_api.real import Real, real_parts
from tests.interruptions import interruptible_storage


@pytest.fixture
def api() -> Api:
    """An API on memory, whose stores can be interrupted."""
    return Api(storage=interruptible_storage())


@pytest.fixture
async def server(api: Api) -> AsyncIterator[LiveServer]:
    """`api` behind a real socket."""
    async with serving(api) as live:
        yield live


@pytest.fixture
async def real(empty_postgres_url: str, empty_redis_url: str) -> AsyncIterator[Real]:
    """An API on PostgreSQL and Redis."""
    async with real_parts(empty_postgres_url, empty_redis_url) as real:
        yield real
