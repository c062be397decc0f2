"""`stepgraph schedules next`: what needs no API."""

import json

from typer.testing import CliRunner

from stepgraph.cli.main import app


def next_runs(*arguments: str) -> tuple[int, str, str]:
    answer = CliRunner().invoke(app, ["schedules", "next", *arguments])
    return answer.exit_code, answer.stdout, answer.stderr


def test_it_shows_the_next_runs_in_utc_and_in_the_time_zone() -> None:
    code, shown, _ = next_runs("0 12 * * *", "--timezone", "Asia/Kolkata", "--count", "3")

    assert code == 0
    head, *lines = shown.splitlines()
    assert head.split() == ["UTC", "Asia/Kolkata"]
    assert len(lines) == 3
    assert all("06:30:00" in line and "12:00:00 IST" in line for line in lines)


def test_it_prints_json() -> None:
    code, printed, _ = next_runs("@yearly", "--count", "2", "--json")

    runs = json.loads(printed)
    assert code == 0
    assert [run[4:] for run in runs] == ["-01-01T00:00:00Z"] * 2


def test_it_says_everything_that_is_wrong() -> None:
    code, _, said = next_runs("0 25 * * *", "--timezone", "Mars/Olympus")

    assert code == 2
    assert "'25' is not right for the hour." in said
    assert "There is no time zone 'Mars/Olympus'." in said
