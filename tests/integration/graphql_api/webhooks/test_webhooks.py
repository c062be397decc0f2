"""Webhooks over GraphQL: registering, changing, listing with their events, and sending an event again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.kernel.ids import IdKind, from_public, new_id, to_public
from domain.kernel.pages import Page
from domain.kernel.statuses import Role, WebhookEventStatus
from domain.webhooks.model import WebhookAttempt, WebhookEventRecord
from tests.integration.graphql_api.api import NOON, Api
from tests.interruptions import interruptible

WEBHOOK = """
  id name direction url eventTypes workflow { name } signature input enabled disabledReason failingSince
  previousSecretUntil createdAt updatedAt
"""
FAILURES = "... on Error { message code } ... on ValidationError { problems { path message } }"
CREATE = f"""
mutation ($input: CreateWebhookInput!) {{
  createWebhook(input: $input) {{ __typename ... on WebhookCreated {{ secret webhook {{ {WEBHOOK} }} }} {FAILURES} }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: UpdateWebhookInput!) {{
  updateWebhook(id: $id, input: $input) {{ __typename ... on Webhook {{ {WEBHOOK} }} {FAILURES} }}
}}
"""
ROTATE = f"""
mutation ($id: ID!, $secret: String) {{
  rotateWebhookSecret(id: $id, secret: $secret) {{
    __typename ... on WebhookCreated {{ secret webhook {{ {WEBHOOK} }} }} {FAILURES}
  }}
}}
"""
DELETE = "mutation ($id: ID!) { deleteWebhook(id: $id) { __typename ... on Deleted { id } ... on Error { code } } }"
EVENT = """
  id eventType status payload attempts attemptLog { at duration statusCode error response } lastStatusCode lastError
  createdAt deliveredAt nextAttemptAt webhook { name } execution { id }
"""
REPLAY = f"""
mutation ($id: ID!) {{
  replayWebhookEvent(id: $id) {{ __typename ... on WebhookEvent {{ {EVENT} }} ... on Error {{ message code }} }}
}}
"""
OUTBOUND = {"name": "audit", "direction": "OUTBOUND", "url": "https://example.com/hooks"}


async def create(api: Api, **input: Any) -> dict[str, Any]:
    data = await api.run(CREATE, input={**OUTBOUND, **input})
    assert data["createWebhook"]["__typename"] == "WebhookCreated", data
    created: dict[str, Any] = data["createWebhook"]
    return created


def store_event(api: Api, webhook_id: str, **members: Any) -> str:
    """Store an event, as the worker would."""
    given: dict[str, Any] = {"status": WebhookEventStatus.DELIVERED, "payload": {"n": 1}, **members}
    event = WebhookEventRecord(
        id=new_id(),
        webhook_id=from_public(webhook_id, IdKind.WEBHOOK),
        event_type="execution.completed",
        created_at=NOON,
        **given,
    )
    api.storage.tables.webhook_events[event.id] = event
    return to_public(IdKind.WEBHOOK_EVENT, event.id)


async def test_an_outbound_webhook_is_registered_and_its_secret_shown_once(api: Api) -> None:
    created = await create(api, eventTypes=["execution.failed"])
    webhook = created["webhook"]

    assert created["secret"].startswith("whsec_")
    assert webhook == {
        "id": webhook["id"],
        "name": "audit",
        "direction": "OUTBOUND",
        "url": "https://example.com/hooks",
        "eventTypes": ["execution.failed"],
        "workflow": None,
        "signature": "STANDARD_WEBHOOKS",
        "input": None,
        "enabled": True,
        "disabledReason": None,
        "failingSince": None,
        "previousSecretUntil": None,
        "createdAt": "2030-01-01T12:00:00Z",
        "updatedAt": "2030-01-01T12:00:00Z",
    }
    assert webhook["id"].startswith("wh_")
    stored = api.storage.tables.webhooks[from_public(webhook["id"], IdKind.WEBHOOK)]
    assert created["secret"].encode() not in stored.secret


async def test_an_inbound_webhook_has_an_address_of_its_own(api: Api) -> None:
    workflow = await api.create_workflow()
    members = {"direction": "INBOUND", "url": None, "workflowId": workflow["id"], "input": "body.x"}
    webhooks = [
        (await create(api, name=name, signature=signature, **members))["webhook"]
        for name, signature in (("a", "GITHUB"), ("b", "NONE"))
    ]
    assert all(webhook["url"].startswith("http://127.0.0.1:8000/hooks/") for webhook in webhooks)
    assert webhooks[0]["url"] != webhooks[1]["url"]
    assert (webhooks[0]["workflow"], webhooks[0]["input"]) == ({"name": "orders"}, "body.x")


async def test_every_problem_is_told_at_once(api: Api) -> None:
    given = {"name": "", "direction": "INBOUND", "url": "x", "input": "body.", "secret": "x", "eventTypes": ["y"]}
    refused = (await api.run(CREATE, input=given))["createWebhook"]
    assert (refused["__typename"], refused["code"]) == ("ValidationError", "INVALID_INPUT")
    assert [problem["path"] for problem in refused["problems"]] == [
        ["name"],
        ["workflowId"],
        ["url"],
        ["eventTypes"],
        ["input"],
        ["secret"],
    ]
    refused = (await api.run(CREATE, input={**OUTBOUND, "workflowId": "ex_1"}))["createWebhook"]
    assert refused["problems"][0]["path"] == ["workflowId"]


async def test_a_name_that_is_taken_is_a_conflict(api: Api) -> None:
    await create(api)
    assert (await api.run(CREATE, input=OUTBOUND))["createWebhook"]["__typename"] == "ConflictError"


async def test_a_webhook_is_changed_member_by_member(api: Api) -> None:
    id = (await create(api, eventTypes=["execution.failed"]))["webhook"]["id"]

    async def update(**input: Any) -> dict[str, Any]:
        changed: dict[str, Any] = (await api.run(UPDATE, id=id, input=input))["updateWebhook"]
        return changed

    api.clock.advance(timedelta(hours=1))
    changed = await update(enabled=False)
    assert (changed["enabled"], changed["eventTypes"], changed["url"]) == (False, ["execution.failed"], OUTBOUND["url"])
    assert (changed["createdAt"], changed["updatedAt"]) == ("2030-01-01T12:00:00Z", "2030-01-01T13:00:00Z")
    changed = await update(enabled=True, eventTypes=None, url="http://example.com")
    assert (changed["enabled"], changed["eventTypes"], changed["url"]) == (True, [], "http://example.com")
    assert (await update(url=None))["problems"][0]["path"] == ["url"]
    assert (await update(workflowId="x"))["problems"][0]["path"] == ["workflowId"]
    missing = (await api.run(UPDATE, id=to_public(IdKind.WEBHOOK, new_id()), input={}))["updateWebhook"]
    assert missing["__typename"] == "NotFoundError"


async def test_why_a_webhook_was_disabled_is_shown_until_it_is_enabled(api: Api) -> None:
    id = (await create(api))["webhook"]["id"]
    key = from_public(id, IdKind.WEBHOOK)
    rows = api.storage.tables.webhooks
    rows[key] = replace(rows[key], enabled=False, disabled_reason="The receiver answered 410 Gone.", failing_since=NOON)

    shown = (await api.run(f"query ($id: ID!) {{ webhook(id: $id) {{ {WEBHOOK} }} }}", id=id))["webhook"]
    assert (shown["enabled"], shown["disabledReason"]) == (False, "The receiver answered 410 Gone.")
    assert shown["failingSince"] == "2030-01-01T12:00:00Z"
    changed = (await api.run(UPDATE, id=id, input={"enabled": True}))["updateWebhook"]
    assert (changed["enabled"], changed["disabledReason"], changed["failingSince"]) == (True, None, None)


async def test_a_secret_is_rotated_and_the_old_one_is_good_for_a_day(api: Api) -> None:
    created = await create(api)
    rotated = (await api.run(ROTATE, id=created["webhook"]["id"]))["rotateWebhookSecret"]
    assert rotated["secret"] not in ("", created["secret"])
    assert rotated["webhook"]["previousSecretUntil"] == "2030-01-02T12:00:00Z"
    refused = (await api.run(ROTATE, id=created["webhook"]["id"], secret="short"))["rotateWebhookSecret"]
    assert refused["problems"][0]["path"] == ["secret"]


async def test_a_deleted_webhook_is_not_there_any_more(api: Api) -> None:
    id = (await create(api))["webhook"]["id"]
    assert await api.run("query ($id: ID!) { node(id: $id) { __typename id } }", id=id) == {
        "node": {"__typename": "Webhook", "id": id}
    }
    assert (await api.run(DELETE, id=id))["deleteWebhook"] == {"__typename": "Deleted", "id": id}
    assert (await api.run(DELETE, id=id))["deleteWebhook"]["code"] == "NOT_FOUND"
    assert await api.run("query ($id: ID!) { webhook(id: $id) { id } node(id: $id) { id } }", id=id) == {
        "webhook": None,
        "node": None,
    }


async def test_webhooks_are_listed_newest_first_by_direction(api: Api) -> None:
    workflow = await api.create_workflow()
    for number in range(3):
        await create(api, name=f"out-{number}")
    await create(api, name="in", direction="INBOUND", url=None, workflowId=workflow["id"])

    query = """
    query ($direction: WebhookDirection, $after: String) {
      webhooks(direction: $direction, first: 2, after: $after) {
        nodes { name } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }
    """
    page = (await api.run(query))["webhooks"]
    assert ([node["name"] for node in page["nodes"]], page["totalCount"]) == (["in", "out-2"], 4)
    outbound = (await api.run(query, direction="OUTBOUND"))["webhooks"]
    assert [node["name"] for node in outbound["nodes"]] == ["out-2", "out-1"]
    rest = (await api.run(query, direction="OUTBOUND", after=outbound["pageInfo"]["endCursor"]))["webhooks"]
    assert ([node["name"] for node in rest["nodes"]], rest["pageInfo"]["hasNextPage"]) == (["out-0"], False)
    [error] = await api.errors(query, after="bm9uc2Vuc2U")
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_every_attempt_at_an_event_is_listed(api: Api) -> None:
    id = (await create(api))["webhook"]["id"]
    attempts = (
        WebhookAttempt(at=NOON, duration=timedelta(seconds=15), error="Nobody answered."),
        WebhookAttempt(at=NOON, duration=timedelta(seconds=0.25), status_code=503, error="503", excerpt="busy"),
    )
    event_id = store_event(
        api,
        id,
        status=WebhookEventStatus.FAILED,
        attempts=attempts,
        last_status_code=503,
        last_error="503",
    )
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on WebhookEvent {{ {EVENT} }} }} }}"
    event = (await api.run(query, id=event_id))["node"]
    assert (event["attempts"], event["status"], event["webhook"]) == (2, "FAILED", {"name": "audit"})
    assert event["attemptLog"] == [
        {
            "at": "2030-01-01T12:00:00Z",
            "duration": "PT15S",
            "statusCode": None,
            "error": "Nobody answered.",
            "response": None,
        },
        {"at": "2030-01-01T12:00:00Z", "duration": "PT0.25S", "statusCode": 503, "error": "503", "response": "busy"},
    ]


async def test_an_event_is_sent_again_where_that_is_possible(api: Api) -> None:
    id = (await create(api))["webhook"]["id"]
    failed = store_event(
        api, id, status=WebhookEventStatus.FAILED, attempts=(WebhookAttempt(at=NOON, duration=timedelta()),)
    )
    replayed = (await api.run(REPLAY, id=failed))["replayWebhookEvent"]
    assert (replayed["status"], replayed["attempts"]) == ("PENDING", 1)
    assert replayed["nextAttemptAt"] == "2030-01-01T12:00:00Z"

    pending = store_event(api, id, status=WebhookEventStatus.PENDING)
    assert (await api.run(REPLAY, id=pending))["replayWebhookEvent"]["code"] == "INVALID_STATE"
    unknown = to_public(IdKind.WEBHOOK_EVENT, new_id())
    for id in (unknown, "nonsense"):
        assert (await api.run(REPLAY, id=id))["replayWebhookEvent"]["code"] == "NOT_FOUND"


async def test_the_events_of_a_page_of_webhooks_are_read_together(api: Api) -> None:
    ids = [(await create(api, name=f"out-{number}"))["webhook"]["id"] for number in range(5)]
    for id in ids:
        for number in range(3):
            store_event(api, id, payload=number)
    store = api.storage.webhooks
    asked: list[int] = []
    load = store.events_pages

    async def events_pages(webhook_ids: Any, **given: Any) -> dict[UUID, Page[WebhookEventRecord]]:
        asked.append(len(webhook_ids))
        return dict(await load(webhook_ids, **given))

    interruptible(store).take_over("events_pages", events_pages)
    query = """
    { webhooks { nodes { id events(first: 2) { nodes { payload } totalCount pageInfo { hasNextPage endCursor } } } } }
    """
    nodes = (await api.run(query))["webhooks"]["nodes"]
    assert asked == [5]
    assert [node["payload"] for node in nodes[0]["events"]["nodes"]] == [2, 1]
    assert (nodes[0]["events"]["totalCount"], nodes[0]["events"]["pageInfo"]["hasNextPage"]) == (3, True)

    more = """
    query ($id: ID!, $after: String) { webhook(id: $id) { events(first: 2, after: $after) { nodes { payload } } } }
    """
    after = nodes[0]["events"]["pageInfo"]["endCursor"]
    rest = (await api.run(more, id=nodes[0]["id"], after=after))["webhook"]["events"]
    assert rest["nodes"] == [{"payload": 0}]


async def test_events_are_filtered_by_their_status(api: Api) -> None:
    id = (await create(api))["webhook"]["id"]
    for number, status in enumerate(("FAILED", "DELIVERED", "FAILED")):
        store_event(api, id, status=WebhookEventStatus(status), payload=number)
    query = """
    query ($id: ID!, $after: String) {
      webhook(id: $id) {
        failed: events(status: FAILED, first: 1, after: $after) { nodes { payload } totalCount pageInfo { endCursor } }
        pending: events(status: PENDING) { totalCount }
        all: events(status: null) { totalCount }
      }
    }
    """
    webhook = (await api.run(query, id=id))["webhook"]
    assert webhook["failed"]["nodes"] == [{"payload": 2}]
    assert [webhook[name]["totalCount"] for name in ("failed", "pending", "all")] == [2, 0, 3]
    rest = (await api.run(query, id=id, after=webhook["failed"]["pageInfo"]["endCursor"]))["webhook"]
    assert rest["failed"]["nodes"] == [{"payload": 0}]


async def test_who_may_only_read_sees_webhooks_but_not_their_addresses() -> None:
    api = Api(requires_keys=True)
    _, token = await api.access.create("reader", Role.VIEWER, None)
    context = api.context()
    context.principal = await api.access.authenticate(f"Bearer {token}")

    async def ask(query: str, **variables: Any) -> Any:
        return await api.schema.execute(query, variable_values=variables, context_value=context.for_operation())

    id = (await create(api))["webhook"]["id"]
    assert (await ask("{ webhooks { nodes { name } } }")).data == {"webhooks": {"nodes": [{"name": "audit"}]}}
    for query in ("query ($id: ID!) { webhook(id: $id) { url } }", DELETE):
        result = await ask(query, id=id)
        assert [error.extensions["code"] for error in result.errors] == ["FORBIDDEN"]
