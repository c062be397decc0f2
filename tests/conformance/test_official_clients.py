"""The official clients of graphql-ws and graphql-sse, under Node, against the real thing."""

from typing import Any

from domain.access.model import new_token
from domain.kernel.statuses import Role
from tests.conformance.conftest import RunScript
from tests.integration.graphql_api.api import Api, LiveServer, a_step, serving


async def heard(server: LiveServer, run_script: RunScript, script: str, url: str) -> dict[str, Any]:
    """All lines that a client prints. When it says that it is ready, the execution that it follows runs to its end."""
    await server.api.create_workflow("orders")
    hand = await server.api.start("orders")
    said: dict[str, Any] = {}
    async for line in run_script(script, url, hand.id):
        said.update(line)
        if "ready" in line:
            await hand.commit(a_step("a"))
            await hand.commit(a_step("b"))
            await hand.finish()
    assert server.api.storage.feed.listening == 0
    return said


def sequences(events: list[dict[str, Any]]) -> list[int]:
    return [event["data"]["executionProgress"]["sequence"] for event in events]


async def test_the_websocket_client_hears_everything_on_one_socket(server: LiveServer, run_script: RunScript) -> None:
    said = await heard(server, run_script, "graphql_ws.mjs", server.websocket_url)

    assert said["query"]["events"] == [{"data": {"__typename": "Query"}}]
    for problem, code in (
        ("syntaxError", "GRAPHQL_PARSE_FAILED"),
        ("invalid", "GRAPHQL_VALIDATION_FAILED"),
        ("unknown", "NOT_FOUND"),
        ("badVariable", "BAD_USER_INPUT"),
    ):
        assert said[problem]["events"] == []
        assert said[problem]["error"][0]["extensions"]["code"] == code
    assert sequences([said["left"]]) == [0]
    assert "error" not in said["live"]
    assert sequences(said["live"]["events"]) == [0, 1, 2, 3]
    assert said["live"]["events"][-1]["data"]["executionProgress"]["execution"]["status"] == "COMPLETED"


async def test_the_event_stream_client_hears_everything(server: LiveServer, run_script: RunScript) -> None:
    said = await heard(server, run_script, "graphql_sse.mjs", f"{server.url}/graphql")

    assert said["query"]["events"] == [{"data": {"__typename": "Query"}}]
    assert said["syntaxError"]["events"][0]["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert said["invalid"]["events"][0]["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert sequences(said["live"]["events"]) == [0, 1, 2, 3]


async def test_urql_is_served_out_of_the_box(server: LiveServer, run_script: RunScript) -> None:
    said = await heard(server, run_script, "urql.mjs", f"{server.url}/graphql")

    assert said["query"] == {"data": {"__typename": "Query"}}
    assert said["posted"] == {"data": {"__typename": "Query"}}
    assert said["mutation"]["data"]["pauseExecution"]["__typename"] == "ValidationError"
    assert [event["data"]["executionProgress"]["sequence"] for event in said["live"]["events"]] == [0, 1, 2, 3]
    assert {request["method"] for request in said["sent"]} == {"GET", "POST"}
    assert [request["type"].partition(";")[0] for request in said["sent"]] == [
        *["application/graphql-response+json"] * 3,
        "text/event-stream",
    ]


async def test_an_event_source_follows_to_the_end_and_then_stays_away(
    server: LiveServer, run_script: RunScript
) -> None:
    said = await heard(server, run_script, "event_source.mjs", f"{server.url}/graphql")

    assert [event["id"] for event in said["live"]["events"]] == ["0", "1", "2", "3"]
    assert said["live"]["events"][-1]["execution"]["status"] == "COMPLETED"
    assert said["live"]["requests"] == [
        {"lastEventId": None, "status": 200},
        {"lastEventId": "complete", "status": 204},
    ]


async def test_the_websocket_client_stops_at_a_wrong_key(run_script: RunScript) -> None:
    api = Api(requires_keys=True)
    async with serving(api) as server:
        said = [line async for line in run_script("graphql_ws_keys.mjs", server.websocket_url, "ex_1", new_token())]

    assert said == [{"closed": 4401}, {"stopped": 4401, "asked": 1}]


async def test_the_websocket_client_of_a_foreign_page_is_told_why_and_stops(
    server: LiveServer, run_script: RunScript
) -> None:
    script, page = "graphql_ws_elsewhere.mjs", "https://evil.example"
    [said] = [line async for line in run_script(script, server.websocket_url, page)]

    assert (said["stopped"], said["tries"]) == (1008, 1)
    assert "Pages of this origin may not use this API" in said["reason"]


async def test_the_websocket_client_comes_back_with_another_key_when_its_own_has_ended(run_script: RunScript) -> None:
    api = Api(requires_keys=True)
    await api.create_workflow("orders")
    hand = await api.start("orders")
    first, token = await api.access.create("first", Role.VIEWER, None)
    _, second = await api.access.create("second", Role.VIEWER, None)
    said = []
    async with serving(api) as server:
        async for line in run_script("graphql_ws_keys.mjs", server.websocket_url, hand.id, token, second):
            said.append(line)
            if line == {"event": "SNAPSHOT"}:
                if {"closed": 4403} in said:
                    await hand.finish()
                else:
                    await api.access.revoke(first.id)

    events = [line for line in said if line != {"event": "DELTA"}]
    assert events[:5] == [
        {"connected": 1},
        {"event": "SNAPSHOT"},
        {"closed": 4403},
        {"connected": 2},
        {"event": "SNAPSHOT"},
    ]
    assert {"ended": 2} in said
