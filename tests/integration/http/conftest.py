"""A fixture for tests of calls: they run twice, with each of the libraries that may stand behind the client."""

from collections.abc import Iterator

import pytest

from actors.http.library import HttpTransport
from tests.http_clients import clients_over


@pytest.fixture(params=list(HttpTransport))
def transport(request: pytest.FixtureRequest) -> Iterator[HttpTransport]:
    with clients_over(request.param):
        yield request.param
