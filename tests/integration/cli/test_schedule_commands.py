"""`stepgraph schedules …` against an API on memory."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused
from tests.integration.graphql_api.api import LiveServer

STEPS = {"steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"expression": "1"}}]}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """An API that knows the workflow `report`."""
    with in_a_thread() as server:
        document = tmp_path / "report.json"
        document.write_text(json.dumps({"name": "report", **STEPS}))
        assert lines(server, "apply", document) == ["report: created"]
        yield server


def test_what_people_read(server: LiveServer) -> None:
    name = "nightly [/b] [red]"
    assert lines(server, "schedules", "save", name, "report", "0 3 * * *") == [f"{name}: next run 2030-01-02 03:00:00"]
    assert lines(server, "schedules", "preview", "*/45 12 * * *", "--timezone", "Asia/Kolkata", "--count", "1") == [
        "UTC Asia/Kolkata",
        "2030-01-02 06:30:00 Wed 2030-01-02 12:00:00 IST",
        "*/45 in the minute starts anew with each hour: it fires at 0, 45.",
    ]
    saved = data(server, "schedules", "save", "idle", "report", "@daily", "--disabled")
    assert lines(server, "schedules", "list") == [
        "name workflow cron timezone next run last run",
        "idle report @daily UTC disabled",
        f"{name} report 0 3 * * * UTC 2030-01-02 03:00:00",
    ]
    shown = lines(server, "schedules", "show", name, "--count", "2")
    assert shown[0] == name
    assert shown[2:7] == [
        "workflow report",
        "cron 0 3 * * * (UTC)",
        "overlap SKIP",
        "catch-up window PT1M",
        "enabled yes",
    ]
    assert shown[-2:] == ["next runs 2030-01-02 03:00:00", "2030-01-03 03:00:00"]
    assert lines(server, "schedules", "enable", "idle") == ["idle: next run 2030-01-02 00:00:00"]
    assert lines(server, "schedules", "disable", "idle") == ["idle: disabled"]
    assert lines(server, "schedules", "delete", saved["id"]) == [f"deleted {saved['id']}"]
    assert [each["name"] for each in data(server, "schedules", "list", "--workflow", "report")] == [name]


def test_a_schedule_is_switched_off_and_on_and_keeps_everything_else(server: LiveServer) -> None:
    settings = ("--timezone", "Europe/Berlin", "--input", '{"a": 1}', "--overlap", "BUFFER_ONE", "--catch-up", "PT2H")
    saved = data(server, "schedules", "save", "nightly", "report", "0 3 * * *", *settings)

    off = data(server, "schedules", "disable", "nightly")
    assert (off["enabled"], off["nextRunAt"]) == (False, None)
    on = data(server, "schedules", "enable", saved["id"])

    changing = {"updatedAt"}
    assert {key: on[key] for key in on.keys() - changing} == {key: saved[key] for key in saved.keys() - changing}


@pytest.mark.parametrize("command", ["show", "enable", "disable", "delete"])
def test_a_schedule_that_nobody_knows_is_an_error(server: LiveServer, command: str) -> None:
    assert refused(server, "schedules", command, "nobody") == "There is no schedule nobody.\n"


def test_all_that_is_wrong_is_told_at_once(server: LiveServer) -> None:
    settings = ("--timezone", "Mars", "--catch-up", "P400D")
    said = refused(server, "schedules", "save", " x", "report", "61 * * * *", *settings)
    assert re.findall(r"^  (\w+):", said, re.MULTILINE) == ["name", "cron", "timezone", "catchUpWindow"]

    said = refused(server, "schedules", "preview", "61 * * * *", "--timezone", "Mars")
    assert re.findall(r"^  (\w+):", said, re.MULTILINE) == ["cron", "timezone"]
    said = refused(server, "schedules", "save", "x", "report", "@daily", "--catch-up", "soon")
    assert said.startswith("  input.catchUpWindow: 'soon' is not an ISO 8601 duration")
    assert refused(server, "schedules", "save", "x", "nothing", "@daily") == "There is no workflow nothing.\n"
