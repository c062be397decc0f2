"""Secrets and logs: neither keys nor the addresses by which approvals are granted are logged, at any level."""

import re
from pathlib import Path

import pytest

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import Output, stepgraph

APPROVING = """
name: approving
steps:
  - id: approve
    type: HTTP_REQUEST
    config: { url: "{{ execution.signalUrl & '?name=approval' }}", method: POST, body: { granted: true } }
  - id: approval
    type: WAIT
    dependsOn: []
    config: { signal: { name: approval } }
  - id: nobody
    type: HTTP_REQUEST
    dependsOn: [approval]
    retry: { maxAttempts: 1 }
    config: { url: "http://127.0.0.1:1/hooks/{{ $substringAfter(execution.signalUrl, '/hooks/') }}?name=approval" }
"""


def lines_of(directory: Path) -> str:
    return "\n".join(log.read_text() for log in sorted(directory.glob("*.log")))


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
async def test_logs_hold_neither_addresses_of_hooks_nor_keys(
    deployment: Deployment, level: str, tmp_path: Path
) -> None:
    deployment.extra = {"STEPGRAPH_REQUIRE_KEYS": "true", "STEPGRAPH_LOG_LEVEL": level}
    await deployment.start_api()
    await deployment.start_worker()
    made = await stepgraph(
        "keys", "create", "me", "--role", "ADMIN", "--in-database", extra={"DATABASE_URL": deployment.database_url}
    )
    token = made.stdout.strip()
    file = tmp_path / "approving.yaml"
    file.write_text(APPROVING)

    async def cli(*arguments: str) -> Output:
        return await stepgraph(*arguments, extra={"STEPGRAPH_URL": deployment.url, "STEPGRAPH_TOKEN": token})

    ran = await cli("run", str(file), "--follow")
    assert "approval" in ran.stdout, ran.stdout + ran.stderr

    lines = lines_of(deployment.directory)
    assert "the worker is ready" in lines
    assert token not in lines
    assert re.search(r"hooks/[A-Za-z0-9_-]{16}", lines) is None
    assert "granted" not in lines
