"""PostgreSQL's address as people write it: every process understands it, or each says at once what it does not."""

import asyncio
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import pytest

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import statuses, stepgraph
from tests.acceptance.workflows import apply, execute
from tests.waiting import wait_until

COMMANDS = (("serve", "--port", "1"), ("api-process", "--port", "1"), ("worker",), ("worker-process",), ("migrate",))
ADDING = {"name": "adding", "steps": [{"id": "add", "type": "DATA_TRANSFORM", "config": {"expression": "{{ 1 + 1 }}"}}]}


def with_a_host_before(url: str, dead: str) -> str:
    """The address of a database with a host where nobody listens in front of its own."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    host = host or quote(parse_qs(parts.query)["host"][0], safe="")
    return urlunsplit(parts._replace(netloc=f"{user}{at}{dead},{host}", query=""))


async def test_an_address_of_two_hosts_serves_the_api_and_the_workers_alike(deployment: Deployment) -> None:
    deployment.database_url = with_a_host_before(deployment.database_url, "127.0.0.1:1")
    await deployment.start_api()
    await deployment.start_worker()

    async with deployment.client() as client:
        await apply(client, ADDING)
        ids = await execute(client, "adding", [{}])

        async def has_completed() -> bool:
            return set((await statuses(client, ids)).values()) == {"COMPLETED"}

        await wait_until(has_completed, "it has completed", 60, 0.1)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("connect_timeout=10", "has the parameter connect_timeout, which is not understood here"),
        ("channel_binding=require", "has the parameter channel_binding, which is not understood here"),
        (
            "sslmode=verify-full&sslrootcert=/nowhere/root.crt",
            "has sslrootcert=/nowhere/root.crt, which cannot be read",
        ),
    ],
)
async def test_what_cannot_be_understood_ends_every_command_with_a_sentence_and_code_2(
    deployment: Deployment, query: str, told: str
) -> None:
    settings = {**deployment.settings, "DATABASE_URL": f"postgresql://u@127.0.0.1:1/x?{query}"}

    ended = await asyncio.gather(*(stepgraph(*command, extra=settings) for command in COMMANDS))

    assert [each.code for each in ended] == [2] * len(COMMANDS)
    for each in ended:
        assert told in " ".join(each.stderr.split())
        assert "Traceback" not in each.stderr
