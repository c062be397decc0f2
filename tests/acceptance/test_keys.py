"""An API that asks for keys, from the first key on."""

import json

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import Output, stepgraph


async def test_from_the_first_key_to_a_revoked_one(deployment: Deployment) -> None:
    deployment.extra = {"STEPGRAPH_REQUIRE_KEYS": "true"}
    await deployment.start_api()

    async def cli(*arguments: str, token: str | None = None) -> Output:
        own = {} if token is None else {"STEPGRAPH_TOKEN": token}
        return await stepgraph(*arguments, extra={"STEPGRAPH_URL": deployment.url, **own})

    refused = await cli("keys", "list")
    assert refused.code == 1
    assert "STEPGRAPH_TOKEN" in refused.stderr

    made = await stepgraph(
        "keys", "create", "me", "--role", "ADMIN", "--in-database", extra={"DATABASE_URL": deployment.database_url}
    )
    assert made.code == 0, made.stderr
    admin = made.stdout.strip()
    second = await cli("keys", "create", "board", "--expires", "2099-01-01", "--json", token=admin)
    assert second.code == 0, second.stderr
    viewer = json.loads(second.stdout)

    forbidden = await cli("keys", "list", token=viewer["token"])
    assert forbidden.code == 1
    assert "ADMIN" in forbidden.stderr
    assert (await cli("executions", "list", token=viewer["token"])).code == 0

    assert (await cli("keys", "revoke", viewer["id"], token=admin)).code == 0
    assert (await cli("executions", "list", token=viewer["token"])).code == 1
    audited = await cli("audit", "--json", token=admin)
    assert [(entry["principal"], entry["action"], entry["outcome"]) for entry in json.loads(audited.stdout)] == [
        ("nobody", "authenticate", "UNAUTHENTICATED"),  # the key that was revoked
        ("me", "revokeApiKey", "Deleted"),
        ("me", "createApiKey", "ApiKeyCreated"),
    ]
