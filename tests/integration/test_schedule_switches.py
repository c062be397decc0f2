"""`stepgraph schedules enable` and `disable` against an API on memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from stepgraph.cli import app
from tests.integration.graphql.api import LiveServer
from tests.integration.test_breaker_commands import in_a_thread

STEPS = {"steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"expression": "1"}}]}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """An API that knows the workflow `report`."""
    with in_a_thread() as server:
        document = tmp_path / "report.json"
        document.write_text(json.dumps({"name": "report", **STEPS}))
        applied = CliRunner().invoke(app, ["apply", str(document), "--url", server.url])
        assert applied.exit_code == 0, applied.stderr
        yield server


def schedules(server: LiveServer, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["schedules", *arguments, "--url", server.url])


def data(server: LiveServer, *arguments: str) -> Any:
    answer = schedules(server, *arguments, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def test_a_schedule_is_switched_off_and_on_and_keeps_everything_else(server: LiveServer) -> None:
    settings = ("--timezone", "Europe/Berlin", "--input", '{"a": 1}', "--overlap", "BUFFER_ONE", "--catch-up", "PT2H")
    saved = data(server, "save", "nightly", "report", "0 3 * * *", *settings)

    off = data(server, "disable", "nightly")
    assert (off["enabled"], off["nextRunAt"]) == (False, None)
    on = data(server, "enable", saved["id"])

    changing = {"updatedAt"}
    assert {key: on[key] for key in on.keys() - changing} == {key: saved[key] for key in saved.keys() - changing}


def test_a_schedule_that_is_not_there_cannot_be_switched(server: LiveServer) -> None:
    answer = schedules(server, "disable", "nobody")
    assert answer.exit_code == 1
    assert answer.stderr.strip() == "There is no schedule nobody."
