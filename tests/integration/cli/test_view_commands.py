"""`stepgraph views …` against an API on memory."""

from collections.abc import Iterator

import pytest

from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused
from tests.integration.graphql_api.api import LiveServer


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


def test_views_are_created_listed_changed_and_deleted(server: LiveServer) -> None:
    [id] = lines(
        server, "views", "create", "on call", "--filter", '{"status": ["FAILED"]}', "--column", "id", "--shared"
    )

    assert lines(server, "views", "list", "--kind", "EXECUTIONS") == [
        "id name kind for owner",
        f"{id} on call EXECUTIONS shared anybody",
    ]
    assert lines(server, "views", "update", id, "--name", "at night", "--private") == [f"changed {id}"]
    view = data(server, "views", "list")[0]
    assert (view["name"], view["shared"], view["filter"], view["columns"]) == (
        "at night",
        False,
        {"status": ["FAILED"]},
        ["id"],
    )
    assert lines(server, "views", "delete", id) == [f"deleted {id}"]
    assert "There is no view" in refused(server, "views", "show", id)
