"""Queries by GET: what is served, what is not, and that no page of another site can have them run."""

import json
from typing import Any

import httpx
import pytest

from tests.integration.graphql_api.api import Api, LiveServer, serving


async def get(server: LiveServer, headers: dict[str, str] | None = None, **parameters: Any) -> httpx.Response:
    asked = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    async with httpx.AsyncClient() as client:
        return await client.get(f"{server.url}/graphql", params=asked, headers=headers, timeout=10)


async def test_a_query_may_come_in_a_url(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    query = "query a($n: String!) { workflow(name: $n) { name } } query b { __typename }"

    response = await get(server, query=query, operationName="a", variables={"n": "orders"}, extensions={})

    assert response.status_code == 200
    assert response.json() == {"data": {"workflow": {"name": "orders"}}}
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_mutation_may_not(server: LiveServer, accept: str) -> None:
    mutation = 'query a { __typename } mutation b { setSecret(name: "a", value: "b") { __typename } }'

    response = await get(server, {"Accept": accept}, query=mutation, operationName="b")

    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert await server.api.storage.secrets.count() == 0


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"query": ""},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "[]"},
        {"query": "{ __typename }", "variables": '{"a": "\\u0000"}'},
        {"query": "{ __typename }", "extensions": "1"},
        {"query": "{ __typename }", "variables": "[" * 300 + "]" * 300},
        {"query": "{ a\0 }"},
    ],
)
async def test_what_is_malformed_is_refused_in_words(server: LiveServer, parameters: dict[str, str]) -> None:
    response = await get(server, {"Accept": "application/graphql-response+json"}, **parameters)

    assert response.status_code == 400
    assert response.json()["errors"][0]["message"]


async def test_what_an_image_of_another_site_asks_for_is_not_executed(server: LiveServer) -> None:
    asked = 0
    read = server.api.storage.queries.page

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal asked
        asked += 1
        return await read(*arguments, **named)

    server.api.storage.queries.page = counted  # type: ignore[method-assign]
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}

    refused = await get(server, image, query="{ executions { nodes { id } } }")
    served = await get(server, {"Sec-Fetch-Site": "same-origin"}, query="{ executions { nodes { id } } }")

    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert served.status_code == 200
    assert asked == 1


async def test_with_keys_a_get_needs_one_too() -> None:
    async with serving(Api(requires_keys=True)) as server:
        response = await get(server, query="{ __typename }")

    assert response.status_code == 401
