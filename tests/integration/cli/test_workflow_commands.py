"""`stepgraph workflows …`, `apply`, `validate`, `run` and `evaluate` against an API on memory."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepgraph.cli.kit.arguments import workflow_names
from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused, told
from tests.integration.graphql_api.api import LiveServer

GREETING = """\
name: greeting
steps:
  - id: hello
    type: DATA_TRANSFORM
    config: {output: "Hello, {{ input.name }}"}
"""
BROKEN = """\
# Five faults, each on a line of its own.
name: broken
steps:
  - id: first
    type: HTTP_REQUEST
    if: input.yes
    config:
      url: http://127.0.0.1/
      json: {a: 1}
  - id: loop
    type: FOR_EACH
    config:
      items: input.lines
      steps:
        - id: inner
          type: DATA_TRANSFORM
          config: {output: "{{ steps.nowhere.output }}"}
          retry: {backoff: FIXED}
---
name: ""
steps:
  - {id: hello, type: DATA_TRANSFORM, config: {output: 1}}
"""


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


@pytest.fixture
def greeting(tmp_path: Path) -> Path:
    file = tmp_path / "greeting.yaml"
    file.write_text(GREETING)
    return file


def test_apply_says_what_came_of_each_file(server: LiveServer, greeting: Path) -> None:
    assert lines(server, "apply", greeting) == ["greeting: created"]
    assert lines(server, "apply", greeting) == ["greeting: unchanged, version 1"]
    greeting.write_text(GREETING.replace("Hello", "Hi"))
    assert lines(server, "apply", greeting) == ["greeting: version 2"]


def test_apply_refuses_what_others_have_changed_and_gives_a_status(server: LiveServer, greeting: Path) -> None:
    assert lines(server, "apply", greeting, "--expected-version", "0", "--status", "draft") == ["greeting: created"]
    assert "status DRAFT" in lines(server, "workflows", "show", "greeting")
    greeting.write_text(GREETING.replace("Hello", "Hi"))

    assert "already" in refused(server, "apply", greeting, "--expected-version", "0")
    assert lines(server, "apply", greeting, "--expected-version", "1") == ["greeting: version 2"]


def test_a_workflow_as_people_read_it(server: LiveServer, greeting: Path) -> None:
    lines(server, "apply", greeting, "--note", "first [/b]")

    assert lines(server, "workflows", "list")[1].startswith("greeting ACTIVE 1 ")
    assert lines(server, "workflows", "list", "--status", "PAUSED") == ["name status version changed"]
    assert lines(server, "workflows", "list", "--name", "eet")[1].startswith("greeting ")
    shown = lines(server, "workflows", "show", "greeting")
    assert "status ACTIVE" in shown
    assert json.loads(shown[-1])["name"] == "greeting"
    assert lines(server, "workflows", "versions", "greeting")[1].endswith("first [/b]")


def test_workflows_are_listed_by_what_the_api_knows_of_them(server: LiveServer, greeting: Path) -> None:
    greeting.write_text(GREETING + "labels: {team: shop}\n---\n" + GREETING.replace("greeting", "farewell"))
    lines(server, "apply", greeting)

    def names(*options: str) -> list[str]:
        return [each["name"] for each in data(server, "workflows", "list", *options)["nodes"]]

    assert names("--label", "team=shop", "--created-after", "2000-01-01") == ["greeting"]
    assert names("--created-before", "2000-01-01") == []
    assert sorted(names("--name", "e")) == ["farewell", "greeting"]


def test_what_a_workflow_may_do_is_changed(server: LiveServer, greeting: Path) -> None:
    lines(server, "apply", greeting)
    id = data(server, "workflows", "show", "greeting")["id"]

    assert lines(server, "workflows", "pause", "greeting") == ["greeting: PAUSED"]
    assert "greeting" in refused(server, "run", "greeting")
    assert lines(server, "workflows", "activate", id) == ["greeting: ACTIVE"]
    assert lines(server, "workflows", "archive", "greeting") == ["greeting: ARCHIVED"]
    assert lines(server, "workflows", "delete", "greeting") == ["greeting deleted"]
    for command in ("show", "versions", "pause", "activate", "archive", "delete"):
        assert refused(server, "workflows", command, "greeting") == "There is no workflow greeting.\n"


def test_problems_stand_at_their_lines_with_their_steps_and_what_to_write_instead(
    server: LiveServer, tmp_path: Path
) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)

    answer = told(server, "validate", file)

    assert answer.exit_code == 1
    text = answer.stdout
    assert f"{file}:6: steps.0.if (step first): There is no member 'if' here." in text
    assert "It is called `when`." in text
    assert f"{file}:9: steps.0.config.json (step first): There is no member 'json' here." in text
    assert "It is called `body`." in text
    assert f"{file}:17: steps.1.config.steps.0.config.output (step inner):" in text
    assert f"{file}:18: steps.1.config.steps.0.retry.backoff (step inner):" in text
    assert "It is called `strategy`." in text
    assert f"{file}:20: name:" in text
    for command in ("apply", "run"):
        assert f"{file}:6: steps.0.if (step first)" in refused(server, command, file)


def test_ci_reads_problems_as_json_and_the_exit_code(server: LiveServer, greeting: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text('{"name": "broken",\n "steps": [\n  {"id": "a", "type": "NOPE", "config": {}}]}')

    assert lines(server, "workflows", "validate", greeting) == ["greeting: valid"]
    answer = told(server, "validate", greeting, file, "--json")

    assert answer.exit_code == 1
    valid, broken = json.loads(answer.stdout)
    assert (valid["valid"], valid["problems"]) == (True, [])
    [problem] = broken["problems"]
    assert (problem["line"], problem["stepId"], problem["path"]) == (3, "a", ["steps", "0", "type"])
    assert told(server, "validate", tmp_path / "missing.yaml").exit_code == 2


def test_an_execution_is_started_as_it_is_told(server: LiveServer, greeting: Path) -> None:
    lines(server, "apply", greeting)
    greeting.write_text(GREETING.replace("Hello", "Hi"))
    lines(server, "apply", greeting)

    options = ["--label", "team=blue", "--label", "size=3", "--priority", 7, "--version", 1]
    started = data(server, "run", "greeting", "--start-at", "2099-01-01T00:00:00+00:00", *options)

    shown = data(server, "executions", "show", started["id"])
    assert (shown["labels"], shown["workflowVersion"], shown["status"]) == ({"team": "blue", "size": 3}, 1, "PENDING")
    assert data(server, "executions", "list", "--workflow", "greeting")["nodes"][0]["id"] == started["id"]
    assert "version" in refused(server, "run", "greeting", "--version", 9)


def test_an_expression_is_evaluated(server: LiveServer) -> None:
    context = json.dumps({"input": {"lines": [{"price": 2}, {"price": 3}]}})

    assert lines(server, "evaluate", "$sum(input.lines.price)", "--context", context) == ["5"]
    assert data(server, "evaluate", "1 + 1")["value"] == 2
    assert "$sum" in refused(server, "evaluate", '$sum("a")')


def test_a_shell_completes_the_names_of_workflows(
    server: LiveServer, greeting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines(server, "apply", greeting)
    monkeypatch.setenv("STEPGRAPH_URL", server.url)

    assert workflow_names("gre") == ["greeting"]
    assert workflow_names("") == ["greeting"]
    assert workflow_names("eet") == []
    monkeypatch.setenv("STEPGRAPH_URL", "http://127.0.0.1:1")
    assert workflow_names("gre") == []
