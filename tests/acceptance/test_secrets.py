"""Secrets between real processes: the API seals them, a worker opens them, and no log has them."""

import pytest

from stepgraph.cli.kit.operations import operation
from tests.acceptance.conftest import Deployment
from tests.acceptance.workflows import apply
from tests.scripted_service import Asked, reply, scripted_service

pytestmark = pytest.mark.asyncio(loop_scope="session")

VALUE = "between-processes-0123456789"
EXECUTE = """mutation ($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) {
  ... on WorkflowExecution { status output error { message details } } } }"""


async def test_a_worker_sends_what_the_api_was_told_and_nobody_else_hears_of_it(shared_deployment: Deployment) -> None:
    def refused(asked: Asked) -> bytes:
        return reply({"detail": f"{asked.headers['authorization']} is not welcome"}, 401)

    async with scripted_service(refused) as service, shared_deployment.client() as client:
        await client.execute(operation("secrets.SetSecret"), name="acceptance", value=VALUE)
        config = {"url": service.url, "auth": {"bearer": "{{ secrets.acceptance }}"}}
        await apply(client, {"name": "secretive", "steps": [{"id": "a", "type": "HTTP_REQUEST", "config": config}]})
        input = {"workflowName": "secretive", "waitFor": "PT20S"}
        execution = (await client.execute(EXECUTE, i=input))["executeWorkflow"]

    assert execution["status"] == "FAILED"
    assert [asked.headers["authorization"] for asked in service.asked] == [f"Bearer {VALUE}"]
    assert execution["error"]["details"]["body"] == {"detail": "Bearer *** is not welcome"}
    assert VALUE not in str(execution)
    for log in shared_deployment.directory.glob("*.log"):
        assert VALUE not in log.read_text(errors="replace")
