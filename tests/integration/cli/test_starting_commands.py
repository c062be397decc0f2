"""`stepgraph run-many`, `orchestrate` and `node` against an API on memory."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from graphql import GraphQLInputObjectType, build_schema
from graphql.utilities import coerce_input_value

from stepgraph.cli.executions.orchestrating import orchestration_of
from stepgraph.cli.kit.documents import SUFFIXES
from stepgraph.cli.kit.exit_codes import read_documents
from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused, told
from tests.integration.graphql_api.api import LiveServer
from tests.repository import ROOT

FILES = sorted(path for path in (ROOT / "examples").iterdir() if path.suffix in SUFFIXES)
EXAMPLES = [path for path in FILES if not path.stem.endswith(".test")]
SCHEMA = build_schema((ROOT / "graphql_api" / "schema.graphql").read_text())
ORCHESTRATE_INPUT = cast("GraphQLInputObjectType", SCHEMA.type_map["OrchestrateInput"])
GREETING = """\
name: greeting
inputSchema: {type: object, required: [name]}
steps:
  - {id: hello, type: DATA_TRANSFORM, config: {output: "Hello, {{ input.name }}"}}
"""
BLOCKS: dict[str, Any] = {
    "steps": [
        {
            "id": "each",
            "type": "FOR_EACH",
            "config": {
                "items": "input.lines",
                "steps": [{"id": "set", "type": "DATA_TRANSFORM", "config": {"output": 1}}],
            },
            "onError": {"steps": [{"id": "say", "type": "DATA_TRANSFORM", "config": {"output": 2}}]},
        },
        {
            "id": "both",
            "type": "PARALLEL",
            "config": {
                "branches": [
                    {"name": "left", "steps": [{"id": "nap", "type": "WAIT", "config": {"duration": "PT1S"}}]},
                    {"name": "right", "steps": [{"id": "nap", "type": "WAIT", "config": {"duration": "PT1S"}}]},
                ]
            },
        },
        {
            "id": "choice",
            "type": "CONDITIONAL",
            "config": {
                "if": "true",
                "then": [{"id": "yes", "type": "VALIDATION", "config": {"schema": True}}],
                "else": [{"id": "no", "type": "SUB_WORKFLOW", "config": {"workflow": "greeting"}}],
            },
        },
    ],
    "output": "{{ steps.both.output }}",
}


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


@pytest.fixture
def greeting(server: LiveServer, tmp_path: Path) -> str:
    file = tmp_path / "greeting.yaml"
    file.write_text(GREETING)
    data(server, "apply", file)
    return "greeting"


@pytest.mark.parametrize("name", ["inputs.json", "inputs.yaml", "inputs.jsonl"])
def test_an_execution_is_started_for_each_input_of_a_file(
    server: LiveServer, greeting: str, tmp_path: Path, name: str
) -> None:
    inputs = [{"name": "Ada"}, {"name": "Grace"}, {"name": "Alan"}]
    text = "\n".join(map(json.dumps, inputs)) if name.endswith("l") and "json" in name else json.dumps(inputs)
    file = tmp_path / name
    file.write_text(text)

    ids = lines(server, "run-many", greeting, file, "--key", "monday", "--label", "batch=monday")

    assert len(set(ids)) == 3
    shown = [data(server, "executions", "show", id) for id in ids]
    assert [(each["input"], each["labels"]) for each in shown] == [(each, {"batch": "monday"}) for each in inputs]
    assert lines(server, "run-many", greeting, file, "--key", "monday", "--label", "batch=monday") == ids


def test_more_than_one_request_takes_are_started_by_several(server: LiveServer, greeting: str, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text('{"name": "Ada"}\n' * 1_001)

    assert len(data(server, "run-many", greeting, file)) == 1_001


def test_an_input_that_is_refused_is_named_and_stops_no_other(
    server: LiveServer, greeting: str, tmp_path: Path
) -> None:
    file = tmp_path / "inputs.json"
    file.write_text('[{"name": "Ada"}, {}, {"name": "Alan"}]')

    answer = told(server, "run-many", greeting, file)

    assert (answer.exit_code, len(answer.stdout.split())) == (1, 2)
    assert "Input 1 was refused" in answer.stderr
    assert "1 of 3 were refused." in answer.stderr


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read"), ('{"a": 1}\n{', "a line that is not JSON")])
def test_a_file_of_inputs_that_cannot_be_read_is_wrong_usage(
    server: LiveServer, tmp_path: Path, text: str | None, said: str
) -> None:
    file = tmp_path / "inputs.jsonl"
    if text is not None:
        file.write_text(text)

    assert said in refused(server, "run-many", "greeting", file, code=2)


def test_the_steps_of_a_file_are_executed_without_storing_a_workflow(server: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "blocks.json"
    file.write_text(json.dumps({"name": "blocks", **BLOCKS}))

    started = data(server, "orchestrate", file, "--input", '{"lines": [1]}', "--label", "a=b", "--key", "once")

    shown = data(server, "executions", "show", started["id"])
    assert (shown["workflow"], shown["input"], shown["labels"]) == (None, {"lines": [1]}, {"a": "b"})
    assert data(server, "workflows", "list")["nodes"] == []
    assert data(server, "orchestrate", file, "--input", '{"lines": [1]}', "--label", "a=b", "--key", "once") == started


def test_members_that_only_stored_workflows_have_are_not_dropped_in_silence(server: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "greeting.yaml"
    file.write_text(GREETING)

    assert "inputSchema, which only stored workflows have" in refused(server, "orchestrate", file, code=2)
    file.write_text("name: nothing")
    assert "has no steps" in refused(server, "orchestrate", file, code=2)


def test_faults_of_steps_are_told_by_the_api(server: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(
        json.dumps({"steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": "{{ steps.b }}"}}]})
    )

    assert "steps" in refused(server, "orchestrate", file)
    file.write_text(json.dumps({"steps": [{"id": "a", "type": "NOPE", "config": {}}]}))
    assert "nope" in refused(server, "orchestrate", file)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_steps_of_every_example_are_what_the_api_takes(path: Path) -> None:
    for document in read_documents(path):
        assert isinstance(document, dict)
        steps = {name: value for name, value in document.items() if name in ("steps", "output", "timeout")}
        coerce_input_value(orchestration_of(steps, path.name), ORCHESTRATE_INPUT)  # raises where it is none


def test_whatever_has_an_id_is_shown(server: LiveServer, greeting: str) -> None:
    id = data(server, "run", greeting, "--input", '{"name": "Ada"}')["id"]
    workflow = data(server, "workflows", "show", greeting)["id"]

    shown = json.loads(told(server, "node", id).stdout)
    assert (shown["__typename"], shown["id"], shown["status"]) == ("WorkflowExecution", id, "PENDING")
    assert json.loads(told(server, "node", workflow).stdout)["name"] == greeting
    assert "There is nothing with the id" in refused(server, "node", "ex_01h455vb4pex5vsknk084sn02q")
    assert refused(server, "node", "nonsense")
