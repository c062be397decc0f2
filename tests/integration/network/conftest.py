"""The APIs that the tests of this folder attack."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.network.attacking import Attacked, attacked


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """An API with the default budgets, which asks for keys."""
    with attacked(tmp_path_factory.mktemp("api") / "api.log", requires_keys=True) as api:
        yield api


@pytest.fixture(scope="session")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """An API that asks for keys and has little time."""
    with attacked(
        tmp_path_factory.mktemp("hasty") / "api.log",
        requires_keys=True,
        head_timeout=0.4,
        body_timeout=3,
        body_grace=0.5,
        write_timeout=0.5,
        connection_init_timeout=0.4,
        idle_timeout=1,
        max_connections=400,
    ) as api:
        yield api


@pytest.fixture(autouse=True)
async def _nothing_stays_open(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Closes what a test has left open, whether or not it has failed."""
    apis = [request.getfixturevalue(name) for name in ("api", "hasty") if name in request.fixturenames]
    yield
    for api in apis:
        await api.close_all()
