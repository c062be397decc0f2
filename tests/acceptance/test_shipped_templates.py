"""Every shipped template on real processes: made into a workflow with the command line, executed by workers."""

import json
from typing import Any

import pytest

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import stepgraph
from tests.scripted_service import Asked, reply, scripted_service
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXECUTE = """
mutation ($input: ExecuteWorkflowInput!) {
  executeWorkflow(input: $input) {
    __typename
    ... on WorkflowExecution { id status output error { code message path } }
    ... on Error { message }
  }
}
"""
APPROVE = """
mutation ($id: ID!) { signalExecution(id: $id, name: "approval", payload: {approved: true}) { __typename } }
"""
READ = "query ($id: ID!) { execution(id: $id) { status output error { code message path } } }"


def answer(asked: Asked) -> bytes:
    """A stock, a job that is done at once, two pages, and whatever else is wanted."""
    path, _, query = asked.target.partition("?")
    match path:
        case "/jobs" if asked.method == "POST":
            return reply({"id": "j1"}, status=202)
        case "/jobs/j1":
            return reply({"status": "succeeded", "rows": 7})
        case "/pages":
            following = None if query == "page=2" else f"http://{asked.headers['host']}/pages?page=2"
            return reply({"items": [{"id": f"{query}-{number}"} for number in range(3)], "next": following})
        case _:
            return reply({"id": path.strip("/"), "level": 7})


def cases(url: str) -> dict[str, tuple[dict[str, Any], Any, Any]]:
    """The parameters, an input and the expected output of each template."""
    return {
        "checked-call": (
            {"url": f"{url}/stock/{{{{ input.sku }}}}", "schema": {"type": "object", "required": ["level"]}},
            {"sku": "a"},
            {"id": "stock/a", "level": 7},
        ),
        "polled-job": (
            {"startUrl": f"{url}/jobs", "statusUrl": f"{url}/jobs/{{{{ steps.start.output.body.id }}}}"},
            None,
            {"status": "succeeded", "rows": 7},
        ),
        "fan-out": (
            {"services": [{"name": name, "url": f"{url}/{name}"} for name in ("one", "two")]},
            None,
            {
                "answers": [{"name": name, "answer": {"id": name, "level": 7}} for name in ("one", "two")],
                "failed": [],
            },
        ),
        "paged-sync": (
            {"sourceUrl": f"{url}/pages?page=1", "targetUrl": f"{url}/copies/{{{{ item.id }}}}"},
            None,
            {"read": 6, "written": 6, "failed": []},
        ),
        "saga": (
            {
                "reserveUrl": f"{url}/reservation",
                "cancelUrl": f"{url}/cancel",
                "chargeUrl": f"{url}/charge",
                "refundUrl": f"{url}/refund",
                "confirmUrl": f"{url}/confirmation",
            },
            {"order": 1},
            {each: {"id": each, "level": 7} for each in ("reservation", "charge", "confirmation")},
        ),
        "approval": (
            {"notifyUrl": f"{url}/chat", "actionUrl": f"{url}/account", "question": "May {{ input }}?"},
            "Ada",
            {"approved": True, "result": {"id": "account", "level": 7}},
        ),
    }


async def test_every_shipped_template_becomes_a_workflow_that_workers_execute(shared_deployment: Deployment) -> None:
    async def cli(*words: str) -> Any:
        output = await stepgraph(*words, "--json", extra={"STEPGRAPH_URL": shared_deployment.url})
        assert output.code == 0, output.stderr
        return json.loads(output.stdout)

    shipped = {each["name"] for each in await cli("templates", "list") if each["shipped"]}
    async with scripted_service(answer) as service, shared_deployment.client() as client:
        wanted = cases(service.url)
        assert shipped == wanted.keys()
        for template, (parameters, input, output) in wanted.items():
            name = f"shipped-{template}"
            await cli("templates", "instantiate", template, name, "--parameters", json.dumps(parameters))
            wait = {} if template == "approval" else {"waitFor": "PT30S"}
            asked = {"workflowName": name, "input": input, **wait}
            execution = (await client.execute(EXECUTE, input=asked))["executeWorkflow"]
            if template == "approval":
                id = execution["id"]
                await wait_until(lambda: "/chat" in service.targets, "somebody was asked", timeout=60)
                await client.execute(APPROVE, id=id)

                async def ended(id: str = id) -> Any:
                    found = (await client.execute(READ, id=id))["execution"]
                    return found if found["status"] in ("COMPLETED", "FAILED") else None

                execution = await wait_until(ended, "it has ended", timeout=60)
            assert (execution["status"], execution["output"]) == ("COMPLETED", output), (template, execution)
