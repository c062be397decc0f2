"""Kinds of step that an installed distribution brings, from the API down to a worker and back to its metrics."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment, deployed
from tests.acceptance.distributions import install, install_greetings
from tests.acceptance.processes import running, stepgraph
from tests.conftest import PostgresServer
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = 'mutation { setSecret(name: "word", value: "abracadabra") { __typename } }'
CREATE = """
mutation ($name: String!, $greeted: String!) {
  createWorkflow(input: {
    name: $name
    steps: [
      {id: "sum", config: {sumUp: {parts: [{amount: "input.a"}, {amount: "input.b", label: "{{ input.a }}"}]}}}
      {id: "greet", config: {greet: {name: $greeted, password: "{{ secrets.word }}"}}}
    ]
  }) {
    __typename
    ... on Workflow {
      id
      document
      steps { stepId type config }
      graph { nodes { path type } }
    }
    ... on ValidationError { problems { path message hint } }
  }
}
"""
EXECUTE = """
mutation ($id: ID!) {
  executeWorkflow(input: {workflowId: $id, input: {a: 1, b: 2}}) { __typename ... on WorkflowExecution { id } }
}
"""
EXECUTION = """
query ($id: ID!) {
  execution(id: $id) {
    status
    output
    all: steps { nodes { path type status input output error { message } } }
    greetings: steps(filter: {type: [GREET]}) { nodes { path } }
  }
}
"""
PROGRESS = "subscription ($id: ID!) { executionProgress(id: $id) { execution { status } steps { path type } } }"
METRICS = "query ($id: ID!) { workflow(id: $id) { metrics { steps { type executions failures } } } }"
APPLY = """
mutation ($document: JSON!) {
  applyWorkflow(document: $document) {
    __typename
    ... on Workflow { id }
    ... on ValidationError { problems { path message hint } }
  }
}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deployment(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> AsyncIterator[Deployment]:
    """An API and a worker with the distribution of tests/acceptance/greeting_kind.py."""
    directory = tmp_path_factory.mktemp("kinds")
    async with deployed(directory, postgres_server) as deployment:
        deployment.extra |= install_greetings(directory)
        await deployment.start_api()
        await deployment.start_worker()
        async with deployment.client() as client:
            await client.execute(SECRET)
        yield deployment


async def created(client: ApiClient, name: str, greeted: str = "{{ input.a }}") -> dict[str, Any]:
    """The answer to the creation of a workflow of both kinds."""
    answer: dict[str, Any] = (await client.execute(CREATE, name=name, greeted=greeted))["createWorkflow"]
    return answer


async def executed(client: ApiClient, workflow_id: str) -> dict[str, Any]:
    """An execution of the workflow that has ended, as a subscriber has followed it."""
    id = (await client.execute(EXECUTE, id=workflow_id))["executeWorkflow"]["id"]
    seen: dict[str, str] = {}
    async for event in client.subscribe(PROGRESS, id=id):
        seen |= {step["path"]: step["type"] for step in event["executionProgress"]["steps"]}
    assert seen == {"sum": "SUM_UP", "greet": "GREET"}
    execution: dict[str, Any] = (await client.execute(EXECUTION, id=id))["execution"]
    return execution | {"id": id}


async def test_a_workflow_of_such_kinds_runs_from_a_typed_input(deployment: Deployment) -> None:
    async with deployment.client() as client:
        workflow = await created(client, "greetings")
        assert workflow["__typename"] == "Workflow", workflow
        assert [step["type"] for step in workflow["steps"]] == ["SUM_UP", "GREET"]
        assert workflow["graph"]["nodes"] == [{"path": "sum", "type": "SUM_UP"}, {"path": "greet", "type": "GREET"}]
        assert workflow["document"]["steps"][1]["type"] == "GREET"

        execution = await executed(client, workflow["id"])

        assert execution["status"] == "COMPLETED", execution
        sum_up, greet = execution["all"]["nodes"]
        assert sum_up["output"]["total"] == 3
        assert sum_up["input"] == {
            "parts": [{"amount": 1}, {"amount": 2, "label": 1}],
            "start": 0,
            "loudness": "LOW",
        }
        assert greet["input"] == {"name": 1}, "what the kind does not store is not shown"
        assert execution["output"] == greet["output"]
        assert greet["output"]["text"] == "Hello, 1! Your password has 11 letters."
        assert len(greet["output"]["key"]) == 32
        assert greet["output"]["opened"] is True
        assert execution["greetings"]["nodes"] == [{"path": "greet"}]

        async def counted() -> bool:
            metrics = (await client.execute(METRICS, id=workflow["id"]))["workflow"]["metrics"]["steps"]
            return bool(metrics == [{"type": kind, "executions": 1, "failures": 0} for kind in ("GREET", "SUM_UP")])

        await wait_until(counted, "both steps are counted")


async def test_a_document_of_such_kinds_is_checked_and_run(deployment: Deployment) -> None:
    async with deployment.client() as client:
        document = (await created(client, "typed"))["document"]
        applied = (await client.execute(APPLY, document={**document, "name": "applied"}))["applyWorkflow"]
        assert (await executed(client, applied["id"]))["status"] == "COMPLETED"

        wrong: dict[str, Any] = {
            "id": "a",
            "type": "GREET",
            "config": {"name": "{{ nobody }}", "pasword": "x", "pause": 1},
        }
        refused = (await client.execute(APPLY, document={"name": "wrong", "steps": [wrong]}))["applyWorkflow"]
        assert {problem["path"][-1] for problem in refused["problems"]} == {"name", "pasword", "password", "pause"}


async def test_the_checks_of_a_kind_are_told_at_the_place_in_the_typed_input(deployment: Deployment) -> None:
    async with deployment.client() as client:
        refused = await created(client, "nobody", greeted="nobody")

    [problem] = refused["problems"]
    assert problem["path"] == ["steps", "1", "config", "greet", "name"]
    assert problem["message"] == "Nobody is not greeted."


async def test_a_failure_of_such_a_step_is_one_of_the_execution(deployment: Deployment) -> None:
    async with deployment.client() as client:
        workflow = await created(client, "mute", greeted="mute")

        execution = await executed(client, workflow["id"])

    assert execution["status"] == "FAILED"
    assert execution["all"]["nodes"][1]["error"]["message"] == "It does not answer."


async def test_the_schemas_have_them_only_where_they_are_installed(deployment: Deployment, tmp_path: Path) -> None:
    extra = install_greetings(tmp_path)

    graphql = (await stepgraph("schema", "graphql", extra=extra)).stdout
    document = json.loads((await stepgraph("schema", "document", extra=extra)).stdout)
    plain = (await stepgraph("schema", "graphql")).stdout
    served = json.loads((await stepgraph("schema", "document", "--served", "--url", deployment.url)).stdout)

    assert '  pause: Duration! = "PT0.01S"' in graphql
    assert "  parts: [PartInput!]!" in graphql
    assert {"GREET", "SUM_UP"} <= set(document["$defs"]["StepType"]["enum"])
    assert served == document
    assert "Greet" not in plain


@pytest.mark.parametrize("words", [("serve", "--port", "0"), ("worker-process",)], ids=lambda words: words[0])
async def test_no_process_starts_with_a_kind_that_cannot_be_used(tmp_path: Path, words: tuple[str, ...]) -> None:
    extra = install(tmp_path, module="broken", source="KIND = object()\n", kinds={"BROKEN": "broken:KIND"})
    servers = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}

    async with running(tmp_path / "log", *words, extra={**extra, **servers}) as process:
        status = await process.process.wait()

    assert status == 2, process.text()
    assert "The step kind BROKEN of broken 1.0 cannot be used" in process.text()
    assert "Traceback" not in process.text()
