"""Every workflow of the reference, executed by real processes, gives what the page says."""

import json
from typing import Any

import pytest

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment
from tests.acceptance.workflows import apply
from tests.examples import SERVICE
from tests.reference import Example, Run, as_shown, examples
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXECUTE = """
mutation ($input: ExecuteWorkflowInput!) {
  executeWorkflow(input: $input) { __typename ... on WorkflowExecution { id } ... on Error { message } }
}
"""
EXECUTION = """
query ($id: ID!) { execution(id: $id) { status output error { code message path details } } }
"""
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"}


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
async def test_a_workflow_gives_what_the_reference_says(example: Example, shared_deployment: Deployment) -> None:
    async with shared_deployment.client() as client:
        for document in (*example.before, example.document):
            await apply(client, pointed_to(document, shared_deployment.service.url))
        for run in example.runs:
            ended = await executed(client, example, run)

            if run.is_failure:
                assert ended["status"] == "FAILED", ended
                told = {name: value for name, value in ended["error"].items() if value is not None}
            else:
                assert ended["status"] == "COMPLETED", ended
                told = ended["output"]
            told = pointed_from(told, shared_deployment.service.url)
            assert as_shown(told, run.expected) == run.expected


async def executed(client: ApiClient, example: Example, run: Run) -> dict[str, Any]:
    """An execution when it has ended; what the page sends to it is sent while it waits."""
    request = {"workflowName": example.name, "input": run.input}
    started = (await client.execute(EXECUTE, input=request))["executeWorkflow"]
    assert started["__typename"] == "WorkflowExecution", started
    id = started["id"]

    async def shown() -> dict[str, Any]:
        return dict((await client.execute(EXECUTION, id=id))["execution"])

    async def waits() -> bool:
        return (await shown())["status"] in {"WAITING", *ENDED}

    async def has_ended() -> bool:
        return (await shown())["status"] in ENDED

    for call in example.calls:
        await wait_until(waits, "it waits", timeout=20, interval=0.02)
        await client.execute(call, id=id)
    await wait_until(has_ended, "it has ended", timeout=30, interval=0.02)
    return await shown()


def pointed_to(value: Any, url: str) -> Any:
    """The value with the address of the test's example service in place of the page's."""
    return json.loads(json.dumps(value).replace(SERVICE, url))


def pointed_from(value: Any, url: str) -> Any:
    """The value with the page's address in place of that of the test's example service."""
    return json.loads(json.dumps(value).replace(url, SERVICE))
