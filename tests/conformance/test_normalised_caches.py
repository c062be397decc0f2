"""Clients that keep what they hear by type and id: Apollo Client, urql with graphcache, and Relay, under Node.

Two workflows have a step of the same name: a cache that took one for the other would show it at both.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import HERE, RunScript
from tests.integration.graphql_api.api import LiveServer, a_step

SCHEMA = HERE.parent.parent / "graphql_api" / "schema.graphql"


async def heard(server: LiveServer, run_script: RunScript, script: str) -> dict[str, Any]:
    """All lines that a client prints. When it says that it is ready, the execution that it follows runs to its end."""
    await server.api.create_workflow("orders", steps=a_call("orders.example"))
    await server.api.create_workflow("parcels", steps=a_call("parcels.example"))
    hand = await server.api.start("orders")
    said: dict[str, Any] = {}
    async for line in run_script(script, f"{server.url}/graphql", server.websocket_url, hand.id):
        said.update(line)
        if "ready" in line:
            await hand.commit(a_step("call"))
            await hand.finish()
    return said


def a_call(host: str) -> list[dict[str, Any]]:
    return [{"id": "call", "name": f"Call {host}", "type": "HTTP_REQUEST", "config": {"url": f"http://{host}/"}}]


def names_of_steps(workflows: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {workflow["name"]: [step["name"] for step in workflow["steps"]] for workflow in workflows}


EXPECTED = {"orders": ["Call orders.example"], "parcels": ["Call parcels.example"]}


async def test_apollo_client_keeps_workflows_apart_and_follows_an_execution(
    server: LiveServer, run_script: RunScript
) -> None:
    said = await heard(server, run_script, "apollo.mjs")

    assert names_of_steps(said["workflows"]) == names_of_steps(said["cached"]) == EXPECTED
    assert said["created"]["__typename"] == "Workflow"
    assert (said["refused"]["__typename"], said["refused"]["code"]) == ("ConflictError", "CONFLICT")
    assert said["live"]["events"] == [0, 1, 2]
    assert said["live"]["seen"][-1] == "COMPLETED"  # what the subscription told has changed what the query shows


async def test_graphcache_keeps_workflows_apart_and_has_nothing_to_warn_of(
    server: LiveServer, run_script: RunScript
) -> None:
    said = await heard(server, run_script, "graphcache.mjs")

    assert names_of_steps(said["workflows"]) == names_of_steps(said["cached"]) == EXPECTED
    assert said["live"]["events"] == [0, 1, 2]
    assert said["live"]["seen"][-1] == "COMPLETED"
    assert said["warnings"] == []


@pytest.fixture
async def artifacts(node: Path) -> None:
    """Relay's compiler has compiled relay/operations.js with the exported schema."""
    folder = HERE / "relay"
    shutil.rmtree(folder / "__generated__", ignore_errors=True)
    (folder / "__generated__").mkdir()
    shutil.copy(SCHEMA, folder / "schema.graphql")
    compiler = HERE / "node_modules" / "relay-compiler" / "cli.js"
    process = await asyncio.create_subprocess_exec(
        node,
        compiler,
        "relay.config.json",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


@pytest.mark.usefixtures("artifacts")
async def test_relay_compiles_the_schema_and_its_runtime_keeps_workflows_apart(
    server: LiveServer, run_script: RunScript
) -> None:
    said = await heard(server, run_script, "relay.mjs")

    assert said["created"]["__typename"] == "Workflow"
    assert said["refused"]["__typename"] == "ConflictError"
    assert said["invalid"]["__typename"] == "ValidationError"
    assert names_of_steps(said["workflows"]) == names_of_steps(said["cached"])
    assert {name: steps for name, steps in names_of_steps(said["cached"]).items() if name in EXPECTED} == EXPECTED
    assert said["live"] == {"events": [0, 1, 2], "status": "COMPLETED"}
    assert said["warnings"] == []
