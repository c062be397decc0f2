"""Registered webhooks with real processes: receivers are told by workers, whatever becomes of these and of Redis."""

from collections import Counter
from typing import Any

from standardwebhooks import Webhook

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment
from tests.acceptance.workflows import apply, execute
from tests.scripted_service import Asked, reply, scripted_service
from tests.waiting import wait_until

CREATE = """
mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    ... on WebhookCreated { webhook { id } secret }
    ... on Error { message }
  }
}
"""
EVENTS = """
query ($id: ID!) { webhook(id: $id) { events { nodes { id eventType status attempts execution { id } } } } }
"""
TIMEOUT = 60.0


async def events(client: ApiClient, webhook_id: str, count: int) -> list[dict[str, Any]]:
    """The events of a webhook, once there are so many and each was delivered."""
    nodes = (await client.execute(EVENTS, id=webhook_id))["webhook"]["events"]["nodes"]
    return list(nodes) if [node["status"] for node in nodes] == ["DELIVERED"] * count else []


def types(asked: list[Asked]) -> list[str]:
    return [each.json["type"] for each in asked]


async def test_a_receiver_is_told_of_everything_though_the_worker_dies_and_redis_is_emptied(
    deployment: Deployment,
) -> None:
    await deployment.start_api()
    worker = await deployment.start_worker()
    async with scripted_service(lambda _: reply({})) as receiver, deployment.client() as client:
        given = {"name": "receiver", "direction": "OUTBOUND", "url": f"{receiver.url}/hook"}
        created = (await client.execute(CREATE, input=given))["createWebhook"]
        webhook_id = created["webhook"]["id"]
        tell = {"webhookId": webhook_id, "eventType": "order.paid", "payload": "{{ input }}"}
        await apply(client, {"name": "pay", "steps": [{"id": "tell", "type": "WEBHOOK_CALL", "config": tell}]})

        [first] = await execute(client, "pay", [{"order": 1}])
        await wait_until(lambda: len(receiver.asked) == 3, "the step's event, the start and the end", TIMEOUT)
        await wait_until(lambda: events(client, webhook_id, 3), "they are recorded", TIMEOUT)
        await worker.kill()
        await deployment.valkey.flush()
        [second] = await execute(client, "pay", [{"order": 2}])
        await deployment.start_worker()
        await wait_until(lambda: len(receiver.asked) >= 6, "the same of the second", TIMEOUT)

        nodes = await wait_until(lambda: events(client, webhook_id, 6), "these are recorded too", TIMEOUT)

    for asked in receiver.asked:
        assert Webhook(created["secret"]).verify(asked.body, dict(asked.headers)) == asked.json
    expected = {"order.paid": 1, "execution.started": 1, "execution.completed": 1}
    for part in (receiver.asked[:3], receiver.asked[3:6]):
        assert Counter(types(part)) == expected
        ends = [asked.json["data"]["status"] for asked in part if asked.json["type"].startswith("execution.")]
        assert ends == ["RUNNING", "COMPLETED"]
    assert {asked.headers["webhook-id"] for asked in receiver.asked} == {node["id"] for node in nodes}
    assert {node["execution"]["id"] for node in nodes} == {first, second}
