"""The operations that the workflow reference shows for executions, sent as they stand to real processes."""

import re
from typing import Any

import pytest

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment
from tests.acceptance.workflows import apply, execute
from tests.repository import ROOT
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = ROOT / "docs" / "workflows.md"
STATUS = "query ($id: ID!) { execution(id: $id) { status } }"


def operation(field: str) -> str:
    """The one GraphQL block of the page that asks for this field."""
    blocks = re.findall(r"^```graphql\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    [found] = [block for block in blocks if f"{field}(" in block]
    return str(found)


async def ended(client: ApiClient, id: str) -> str:
    """The status of an execution, once it is the last one."""

    async def status() -> Any:
        shown = (await client.execute(STATUS, id=id))["execution"]["status"]
        return shown if shown in {"COMPLETED", "FAILED"} else None

    return str(await wait_until(status, "it has ended", 20, 0.02))


async def test_the_workflow_of_the_page_is_created_and_executed(shared_deployment: Deployment) -> None:
    def renamed(field: str) -> str:
        return operation(field).replace('"total"', '"total-by-mutation"')  # the page's own is there from other tests

    async with shared_deployment.client() as client:
        created = (await client.execute(renamed("createWorkflow")))["createWorkflow"]
        executed = (await client.execute(renamed("executeWorkflow")))["executeWorkflow"]

    assert "name" in created or "id" in created, created
    assert executed["status"] == "COMPLETED"
    assert executed["output"] == {"net": 12.5, "gross": 14.88}


async def test_a_failed_execution_is_retried_from_a_step_with_the_newest_version(shared_deployment: Deployment) -> None:
    def document(condition: str) -> dict[str, Any]:
        rule = {"rule": condition, "message": "The payment was refused."}
        payment = {"id": "payment", "type": "VALIDATION", "config": {"rules": [rule]}}
        return {"name": "retried-by-the-page", "steps": [payment]}

    async with shared_deployment.client() as client:
        await apply(client, document("false"))
        [failed] = await execute(client, "retried-by-the-page", [None])
        assert await ended(client, failed) == "FAILED"
        await apply(client, document("true"))

        retry = (await client.execute(operation("retryExecution"), id=failed))["retryExecution"]

        assert retry["retriedFrom"] == {"id": failed}
        assert await ended(client, retry["id"]) == "COMPLETED"
