"""`stepgraph test …`: the cases beside workflows, run here without a server, or on one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from stepgraph.cli.main import app
from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, told
from tests.integration.graphql_api.api import LiveServer
from tests.repository import ROOT

WORKFLOW = """\
name: greeting
steps:
  - {id: ask, type: HTTP_REQUEST, config: {url: https://example.org/name}}
  - {id: greet, type: DATA_TRANSFORM, config: {output: "Hello {{ steps.ask.output.body }}"}}
output: steps.greet.output
"""
CASE = """\
cases:
  - name: greets
    mocks: {ask: {output: {body: Ada}}}
    expect: {status: COMPLETED, output: %s}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "greeting.yaml").write_text(WORKFLOW)
    return tmp_path


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


def tried(*words: object) -> Result:
    return CliRunner().invoke(app, ["test", *map(str, words)], env={"COLUMNS": "200"})


@pytest.mark.timeout(600)
def test_the_cases_beside_the_examples_hold_without_a_server() -> None:
    answer = tried(ROOT / "examples", "--json")

    assert answer.exit_code == 0, answer.output
    cases = json.loads(answer.stdout)
    assert [case["name"] for case in cases if not case["holds"]] == []
    named = {Path(case["file"]).name for case in cases}
    files = {file.name for file in (ROOT / "examples").glob("*.yaml")}
    assert named == {name for name in files if name.endswith(".test.yaml")}
    assert {name.replace(".test", "") for name in named} == files - named


def test_what_differs_is_shown_with_both_values(folder: Path, server: LiveServer) -> None:
    (folder / "greeting.test.yaml").write_text(CASE % "Hello Grace")

    answer = told(server, "test", folder / "greeting.yaml")

    assert answer.exit_code == 1
    shown = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    assert shown[1:] == [
        "✘ greets",
        "expected but it was",
        'output "Hello Grace" "Hello Ada"',
        "1 of 1 case does not hold",
    ]


def test_a_server_runs_cases_too(folder: Path, server: LiveServer) -> None:
    (folder / "greeting.test.yaml").write_text(CASE % "Hello Ada")

    [case] = data(server, "test", folder)

    assert case["holds"]
    assert case["run"]["execution"]["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("given", "told_of"),
    [
        (None, "cannot be read"),
        ("cases: []", "cases"),
        ("cases: [{name: a, expects: {}, expect: {}}]", "expects"),
        ("cases: [{name: a, expect: {status: DONE}}]", "status"),
        ("name: other\ncases: [{name: a, expect: {}}]", "no workflow called other"),
        ("workflow: none.yaml\ncases: [{name: a, expect: {}}]", "none.yaml cannot be read"),
        ("cases: [", "neither JSON nor YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_matter_of_usage(folder: Path, given: Any, told_of: str) -> None:
    if given is not None:
        (folder / "greeting.test.yaml").write_text(given)

    answer = tried(folder / "greeting.yaml")

    assert answer.exit_code == 2
    assert told_of in answer.stderr


def test_a_folder_without_cases_is_told(folder: Path) -> None:
    answer = tried(folder)

    assert answer.exit_code == 2
    assert "no files that end with .test.yaml" in answer.stderr
