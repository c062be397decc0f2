"""The API that the tests of this folder talk to."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.graphql.api import Api, LiveServer, serving


@pytest.fixture
def api() -> Api:
    """An API on memory."""
    return Api()


@pytest.fixture
async def server(api: Api) -> AsyncIterator[LiveServer]:
    """The same behind a real socket."""
    async with serving(api) as live:
        yield live
