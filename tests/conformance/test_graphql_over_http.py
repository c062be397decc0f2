"""The audit suite of GraphQL over HTTP (npm graphql-http), against the real thing."""

from tests.conformance.conftest import RunScript
from tests.integration.graphql.api import LiveServer

QUERIES_IN_URLS = {"5A70", "D6D5", "6A70"}
"""Audits of what a server MAY do and this one does not: queries in a URL would end up in logs and caches."""


async def test_every_audit_passes_but_those_of_queries_in_urls(server: LiveServer, run_script: RunScript) -> None:
    audits = [audit async for audit in run_script("audit.mjs", f"{server.url}/graphql")]

    assert len(audits) >= 61
    assert [audit for audit in audits if audit["status"] not in ("ok", "notice")] == []
    assert {audit["id"] for audit in audits if audit["status"] == "notice"} == QUERIES_IN_URLS
