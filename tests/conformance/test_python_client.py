"""gql, the GraphQL client of Python: over HTTP and over a WebSocket, with the schema that it fetches itself."""

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

from tests.integration.graphql_api.api import LiveServer, a_step

LIST = "query($first: Int!) { workflows(first: $first) { nodes { name version } } }"
PROGRESS = "subscription($id: ID!) { executionProgress(id: $id) { sequence execution { status } } }"


async def test_operations_are_checked_against_the_schema_and_answered(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    transport = HTTPXAsyncTransport(url=f"{server.url}/graphql")

    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        listed = await session.execute(GraphQLRequest(LIST, variable_values={"first": 5}))
        with pytest.raises(TransportQueryError) as caught:
            await session.execute(gql('{ node(id: "ex_nonsense") { id } }'))

    assert listed == {"workflows": {"nodes": [{"name": "orders", "version": 1}]}}
    assert caught.value.errors is not None
    assert caught.value.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_subscription_hears_everything(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    hand = await server.api.start("orders")
    progress = GraphQLRequest(PROGRESS, variable_values={"id": hand.id})
    heard = []

    async with Client(transport=WebsocketsTransport(url=server.websocket_url)) as session:
        async for event in session.subscribe(progress):
            update = event["executionProgress"]
            heard.append((update["sequence"], update["execution"]["status"]))
            if len(heard) == 1:
                await hand.commit(a_step("a"))
                await hand.finish()
            if heard[-1][1] == "COMPLETED":
                break

    assert [sequence for sequence, _ in heard] == [0, 1, 2]
