"""`stepgraph metrics` and `stepgraph health`, on an API that listens."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from typer.testing import CliRunner, Result

from domain.kernel.ids import new_id
from domain.metrics.model import EVERYTHING, EXECUTIONS, BucketKey, Resolution, Tally
from stepgraph.cli.main import app
from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.graphql_api.api import NOON, LiveServer


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


def shown(server: LiveServer, *arguments: str) -> Result:
    """The result of a command."""
    return CliRunner().invoke(app, [*arguments, "--url", server.url])


def test_metrics_are_shown_of_all_and_of_a_workflow(server: LiveServer) -> None:
    asyncio.run(server.api.create_workflow("orders"))
    answer = shown(server, "metrics")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("2029-12-31T12:00:00Z to 2030-01-01T12:00:00Z")
    answer = shown(server, "metrics", "--workflow", "orders", "--from", "2030-01-01T00:00:00Z", "--json")
    assert json.loads(answer.stdout)["from"] == "2030-01-01T00:00:00Z"
    answer = shown(server, "metrics", "--json")
    assert json.loads(answer.stdout)["duration"]["p95"] == "PT0S"
    answer = shown(server, "metrics", "--workflow", "nothing")
    assert (answer.exit_code, "There is no workflow 'nothing'" in answer.output) == (1, True)


@pytest.mark.parametrize(
    ("down", "workers", "exit_code", "status", "said"),
    [
        pytest.param(set(), 0, 0, "DEGRADED", "No worker lives", id="no worker"),
        pytest.param(set(), 1, 0, "UP", "2030-01-01 12:00:00", id="all is well"),
        pytest.param({"postgresql"}, 1, 1, "DOWN", "postgresql", id="no database"),
        pytest.param({"redis"}, 1, 0, "DEGRADED", "circuit breakers", id="no Redis"),
    ],
)
def test_health_is_shown_and_its_exit_code_says_whether_all_is_lost(
    server: LiveServer, down: set[str], workers: int, exit_code: int, status: str, said: str
) -> None:
    for _ in range(workers):
        asyncio.run(server.api.storage.registry.register(new_id(), host="one", now=NOON))
    server.api.storage.health.down = down

    answer, as_json = shown(server, "health"), shown(server, "health", "--json")

    assert (answer.exit_code, as_json.exit_code) == (exit_code, exit_code), answer.output
    assert status in answer.stdout
    assert said in answer.stdout
    assert json.loads(as_json.stdout)["status"] == status


def test_what_was_counted_is_shown_with_its_steps(server: LiveServer) -> None:
    minute = NOON - timedelta(minutes=1)
    for step_type, tally in ((EXECUTIONS, Tally(started=3, completed=2, failed=1)), ("WAIT", Tally(completed=5))):
        tally.add_duration(timedelta(milliseconds=250))
        tally.add_duration(timedelta(minutes=2))
        server.api.storage.tables.metrics[BucketKey(EVERYTHING, step_type, Resolution.MINUTE, minute)] = tally
    answer = shown(server, "metrics", "--from", "2030-01-01T11:30:00Z")
    assert answer.exit_code == 0, answer.output
    assert "66.7%" in answer.stdout
    steps = next(line for line in answer.stdout.splitlines() if "WAIT" in line)
    assert steps.split()[:4] == ["WAIT", "5", "0", "0"]
    assert " ms" in steps


def test_a_range_that_makes_no_sense_and_an_api_that_is_away_are_said(server: LiveServer) -> None:
    answer = shown(server, "metrics", "--from", "2030-01-01T12:00:00Z", "--to", "2030-01-01T11:00:00Z")
    assert (answer.exit_code, "to is before from" in answer.output) == (1, True)
    answer = shown(server, "metrics", "--from", "yesterday")
    assert (answer.exit_code, "yesterday" in answer.output) == (1, True)
    for command in ("metrics", "health"):
        answer = CliRunner().invoke(app, [command, "--url", "http://127.0.0.1:1"])
        assert answer.exit_code == 3
