"""The workflows that acceptance tests run, and the operations they run them with."""

from typing import Any

from stepgraph.cli.kit.client import ApiClient

APPLY = """
mutation ($document: JSON!) {
  applyWorkflow(document: $document) { __typename ... on Workflow { id name version } ... on Error { message } }
}
"""

EXECUTE_MANY = """
mutation ($inputs: [ExecuteWorkflowInput!]!) {
  executeWorkflows(inputs: $inputs) {
    ... on ExecutionBatch { results { __typename ... on WorkflowExecution { id status } ... on Error { message } } }
  }
}
"""

STEPS = """
query ($id: ID!) {
  execution(id: $id) {
    status
    output
    sequence
    steps { totalCount nodes { path status sequence output startedAt finishedAt attempts { number error { code } } } }
  }
}
"""

PROGRESS = """
subscription ($id: ID!) {
  executionProgress(id: $id) { kind sequence execution { status } steps { path status sequence } }
}
"""


def order(api: str) -> dict[str, Any]:
    """Look-ups, a payment that fails twice, calls that take a while: about a second for one execution."""
    return {
        "name": "order",
        "variables": {"api": api},
        "steps": [
            {
                "id": "stock",
                "type": "HTTP_REQUEST",
                "dependsOn": [],
                "config": {"url": "{{ vars.api }}/stock/{{ input.sku }}"},
            },
            {
                "id": "slow",
                "type": "HTTP_REQUEST",
                "dependsOn": [],
                "config": {"url": "{{ vars.api }}/delay/{{ input.delay }}"},
            },
            {
                "id": "payment",
                "type": "HTTP_REQUEST",
                "dependsOn": ["stock"],
                "retry": {"strategy": "FIXED", "delay": "PT0.3S", "maxAttempts": 10, "jitter": "NONE"},
                "config": {
                    "circuitBreaker": "OFF",  # all payments together fail often enough to open one
                    "method": "POST",
                    "url": "{{ vars.api }}/payments",
                    "body": {"amount": "{{ steps.stock.output.body.price }}"},
                },
            },
            {"id": "pause", "type": "WAIT", "dependsOn": ["payment"], "config": {"duration": "PT0.2S"}},
            {
                "id": "summary",
                "type": "DATA_TRANSFORM",
                "dependsOn": ["pause", "slow"],
                "config": {
                    "output": {
                        "sku": "{{ input.sku }}",
                        "payment": "{{ steps.payment.output.body.paymentId }}",
                    }
                },
            },
        ],
        "output": "steps.summary.output",
    }


async def apply(client: ApiClient, document: dict[str, Any]) -> dict[str, Any]:
    """Store a workflow."""
    result = (await client.execute(APPLY, document=document))["applyWorkflow"]
    assert result["__typename"] == "Workflow", result
    return dict(result)


async def execute(client: ApiClient, name: str, inputs: list[Any]) -> list[str]:
    """Start one execution for each input; the ids."""
    requests = [{"workflowName": name, "input": input} for input in inputs]
    results = (await client.execute(EXECUTE_MANY, inputs=requests))["executeWorkflows"]["results"]
    assert all(result["__typename"] == "WorkflowExecution" for result in results), results
    return [result["id"] for result in results]


async def shown(client: ApiClient, id: str) -> dict[str, Any]:
    """An execution with its steps."""
    return dict((await client.execute(STEPS, id=id))["execution"])
