"""The audit suite of GraphQL over HTTP (npm graphql-http), against the real thing."""

from tests.conformance.conftest import RunScript
from tests.integration.graphql_api.api import LiveServer


async def test_every_audit_passes(server: LiveServer, run_script: RunScript) -> None:
    audits = [audit async for audit in run_script("audit.mjs", f"{server.url}/graphql")]

    assert len(audits) >= 61
    assert [audit for audit in audits if audit["status"] != "ok"] == []
