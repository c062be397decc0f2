"""Machines that are stopped, and machines whose clocks are wrong: the others go on, by the right time."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import psutil
import pytest

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import statuses
from tests.acceptance.workflows import apply, execute
from tests.waiting import wait_until

LEASE = 4.0
WITHIN = 4 + 2 * LEASE + 10
"""Seconds: a wait of four, two leases at most for another to lead, and a machine that has other things to do."""
TIMEOUT = 60.0
_FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))

NAP = {
    "name": "nap",
    "steps": [{"id": "nap", "type": "WAIT", "config": {"duration": "PT4S"}}],
}


async def leader_of(deployment: Deployment) -> str | None:
    """The id of the worker that leads the reconciler, as it is stored; None when none does."""
    connection = await asyncpg.connect(deployment.database_url)
    try:
        found: str | None = await connection.fetchval(
            "SELECT holder_id::text FROM leadership WHERE expires_at > clock_timestamp()"
        )
        return found
    finally:
        await connection.close()


async def until_all(client: ApiClient, ids: list[str], status: str, within: float) -> None:
    async def all_are() -> bool:
        return set((await statuses(client, ids)).values()) == {status}

    await wait_until(all_are, f"all are {status}", within, 0.1)


async def test_waits_end_within_two_leases_while_the_machine_of_the_leader_stands_still(
    deployment: Deployment,
) -> None:
    """Stopped, it closes nothing, and its machine acknowledges whatever it is sent."""
    deployment.extra = {"STEPGRAPH_LEASE": f"PT{LEASE:g}S", "STEPGRAPH_HEARTBEAT": "PT1S"}
    await deployment.start_api()
    first = await deployment.start_worker()
    await wait_until(lambda: leader_of(deployment), "the first worker leads", TIMEOUT, 0.1)
    await deployment.start_worker()
    async with deployment.client() as client:

        async def both_live() -> bool:
            data = await client.execute("{ health { workers { id } } }")
            return len(data["health"]["workers"]) == 2

        await wait_until(both_live, "both workers live", TIMEOUT, 0.2)
        leader = await leader_of(deployment)
        await apply(client, NAP)
        ids = await execute(client, "nap", [{} for _ in range(6)])
        await until_all(client, ids, "WAITING", TIMEOUT)
        stopped = psutil.Process(first.pid)
        stopped.suspend()
        since = time.monotonic()
        try:
            await until_all(client, ids, "COMPLETED", WITHIN)
            assert await leader_of(deployment) not in (None, leader)
            assert time.monotonic() - since < WITHIN
        finally:
            stopped.resume()


@pytest.mark.skipif(not _FAKETIME and "CI" not in os.environ, reason="libfaketime is not installed")
@pytest.mark.parametrize("offset", ["+1h", "-1h"])
async def test_a_worker_and_an_api_whose_clocks_are_wrong_go_by_the_databases(
    deployment: Deployment, offset: str
) -> None:
    deployment.extra = {"LD_PRELOAD": str(_FAKETIME[0]), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    await deployment.start_api()
    await deployment.start_worker()
    async with deployment.client() as client:
        await apply(client, NAP)
        before = datetime.now(UTC)
        [id] = await execute(client, "nap", [{}])
        await until_all(client, [id], "COMPLETED", TIMEOUT)
        took = datetime.now(UTC) - before
        data = await client.execute("query ($id: ID!) { execution(id: $id) { createdAt startedAt finishedAt } }", id=id)
        created, started, finished = (datetime.fromisoformat(at) for at in data["execution"].values())

        async def says_so() -> str | None:
            health = (await client.execute("{ health { components { name status detail } } }"))["health"]
            [clocks] = [each for each in health["components"] if each["name"] == "clocks"]
            return clocks["detail"] if clocks["status"] == "DEGRADED" else None

        detail = await wait_until(says_so, "health says whose clocks are wrong", TIMEOUT, 0.2)

    assert timedelta(seconds=4) <= took
    assert before - timedelta(seconds=2) <= created <= started <= finished <= before + took + timedelta(seconds=2)
    assert finished - started >= timedelta(seconds=4)
    assert "API's machine" in str(detail)
    assert "worker's machine" in str(detail)
    assert ("ahead of" if offset.startswith("+") else "behind") in str(detail)
