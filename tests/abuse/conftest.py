"""Options of the abuse tests, which environment variables set, and the table that is printed at the end.

STEPGRAPH_ABUSE_REQUESTS: so many of each kind; 4 where it is not set, for a run of a minute among the other tests.
STEPGRAPH_ABUSE_KIND: only kinds whose names hold this.
STEPGRAPH_ABUSE_SEED: of the generator, 1 where it is not set; the same seed makes the same requests.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.abuse.deployment import Stage, staged
from tests.abuse.report import Report
from tests.acceptance.conftest import Deployment, Valkey, WatchedService
from tests.acceptance.processes import free_port
from tests.conftest import PostgresServer
from tests.costs import slowness

_BOUNDED = 4
_SEED = 1
_REPORT = pytest.StashKey[Report]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of this directory its time: it grows with the requests."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(300 + 60 * requests_of_a_kind()))


def requests_of_a_kind() -> int:
    """The number of requests of each kind."""
    return int(os.environ.get("STEPGRAPH_ABUSE_REQUESTS", _BOUNDED))


def wanted() -> str:
    """A part of the names of the kinds that are sent; empty for all kinds."""
    return os.environ.get("STEPGRAPH_ABUSE_KIND", "")


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report that this run writes its measurements to."""
    seed = int(os.environ.get("STEPGRAPH_ABUSE_SEED", _SEED))
    directory = os.environ.get("STEPGRAPH_ABUSE_DIRECTORY")
    report = Report(Path(directory) if directory else tmp_path_factory.mktemp("abuse"), seed, slowness())
    request.config.stash[_REPORT] = report
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> AsyncIterator[Stage]:
    """The API and the worker that all tests of this directory attack."""
    directory = tmp_path_factory.mktemp("stage")
    database_url = await postgres_server.clone()
    async with WatchedService() as service, AsyncExitStack() as stack:
        valkey = Valkey(directory)
        await valkey.start()
        stack.push_async_callback(valkey.kill)
        deployment = Deployment(directory, database_url, valkey, free_port(), service, stack)
        async with staged(deployment) as stage:
            yield stage
    await postgres_server.drop(database_url)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    if (report := config.stash.get(_REPORT, None)) is not None:
        terminalreporter.section("abuse")
        for line in report.lines():
            terminalreporter.write_line(line)
