"""Event loops that freeze: workers are started anew, the culprit is quarantined, and an API comes back on its port."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from stepgraph.cli.processes.serving import api_program
from stepgraph.processes.listening import listen
from stepgraph.processes.supervisor import Keeper, Program, kept_alive
from stepgraph.settings import load_settings
from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import answers, environment, statuses, stepgraph
from tests.acceptance.workflows import apply, execute
from tests.scripted_service import HANG, Asked, scripted_service
from tests.waiting import wait_until

TIMEOUT = 200.0
FREEZABLE = """
import re, signal, sys
from stepgraph.cli.main import main

def hold_the_interpreter(*_):
    re.match(r"(a+)+$", "a" * 60 + "b")

signal.signal(signal.SIGUSR1, hold_the_interpreter)
sys.argv = ["stepgraph", *sys.argv[1:]]
main()
"""
"""A process of ours that can be brought to hold its interpreter's lock for ever."""

CULPRIT = {
    "name": "culprit",
    "steps": [{"id": "call", "type": "HTTP_REQUEST", "config": {"url": "{{ input.api }}/", "circuitBreaker": "OFF"}}],
}


def innocent(api: str) -> dict[str, Any]:
    """Waits before its first step ends, so that it has done nothing when a worker freezes that took it just now."""
    wait = {"id": "wait", "type": "WAIT", "config": {"duration": "PT1S"}}
    call = {"id": "call", "type": "HTTP_REQUEST", "config": {"url": f"{api}/stock/1"}}
    return {"name": "innocent", "steps": [wait, call]}


@asynccontextmanager
async def freezable_workers(deployment: Deployment, count: int) -> AsyncIterator[list[Keeper]]:
    """Workers that are kept alive as `stepgraph worker` keeps its own."""
    programs = [
        Program(
            name=f"worker {number}",
            command=[sys.executable, "-c", FREEZABLE, "worker-process"],
            environment=environment(deployment.settings),
            output=deployment.directory / f"freezable-{number}.txt",
        )
        for number in range(count)
    ]
    async with kept_alive(programs) as keepers:
        yield list(keepers)


def connected_to(port: int) -> set[int]:
    """The processes that have a connection to this port."""
    return {each.pid for each in psutil.net_connections("tcp4") if each.raddr and each.raddr.port == port and each.pid}


@pytest.mark.parametrize("workers", [1, 2])
async def test_an_execution_that_freezes_its_workers_at_once_is_quarantined_and_all_others_complete(
    deployment: Deployment, workers: int
) -> None:
    deployment.extra = {"STEPGRAPH_POISONED_AFTER": "3", "STEPGRAPH_WATCHDOG_TIMEOUT": "PT1S"}
    frozen: list[int] = []

    def freeze_who_asks(_: Asked) -> bytes:
        """Freeze every worker that runs the culprit: each calls this service."""
        port = urlsplit(trap.url).port
        assert port is not None
        for pid in connected_to(port) - {os.getpid(), *frozen}:
            frozen.append(pid)
            os.kill(pid, signal.SIGUSR1)
        return HANG

    await deployment.start_api()
    async with scripted_service(freeze_who_asks) as trap, deployment.client() as client:
        await apply(client, innocent(deployment.service.url))
        await apply(client, CULPRIT)
        [bad] = await execute(client, "culprit", [{"api": trap.url}])
        good = await execute(client, "innocent", [{}] * 6)
        async with freezable_workers(deployment, workers) as keepers:

            async def all_have_ended() -> bool:
                return set((await statuses(client, [bad, *good])).values()) <= {"COMPLETED", "FAILED"}

            await wait_until(all_have_ended, "all have ended", TIMEOUT, 0.1)
            ended = await statuses(client, good)
            data = await client.execute("query ($bad: ID!) { execution(id: $bad) { error { code } } }", bad=bad)
            await wait_until(
                lambda: not {keeper.pid for keeper in keepers} & set(frozen), "all were replaced", TIMEOUT, 0.1
            )
        assert set(ended.values()) == {"COMPLETED"}
        assert data["execution"] == {"error": {"code": "POISONED"}}
        assert len(set(frozen)) == 3


async def test_an_api_that_freezes_is_started_anew_and_keeps_its_port(deployment: Deployment) -> None:
    settings = load_settings(
        database_url=deployment.database_url, redis_url=deployment.valkey.url, watchdog_timeout=timedelta(seconds=1)
    )
    sockets = listen("127.0.0.1", deployment.port)
    program = api_program(
        settings,
        sockets,
        environment({**deployment.settings, "STEPGRAPH_WATCHDOG_TIMEOUT": "PT1S"}),
        needs_worker=False,
        insecure=False,
    )
    command = [sys.executable, "-c", FREEZABLE, *program.command[3:]]
    log = deployment.directory / "freezable-api.txt"
    async with kept_alive([replace(program, command=command, output=log)]) as [keeper]:
        await wait_until(lambda: asyncio.to_thread(answers, deployment.url), "it answers", TIMEOUT, 0.1)
        first = keeper.pid

        os.kill(first, signal.SIGUSR1)

        await wait_until(lambda: keeper.pid != first, "it was started anew", TIMEOUT, 0.05)
        await wait_until(lambda: asyncio.to_thread(answers, deployment.url), "it answers again", TIMEOUT, 0.1)
    assert "hold_the_interpreter" in log.read_text()


async def test_serve_replaces_an_api_that_dies_and_ends_cleanly_when_it_is_asked_to(deployment: Deployment) -> None:
    supervisor = await deployment.start_api()
    [api] = supervisor.running("api-process")
    api.kill()

    def is_another() -> bool:
        return answers(deployment.url) and api.pid not in {each.pid for each in supervisor.running("api-process")}

    await wait_until(lambda: asyncio.to_thread(is_another), "another one answers", TIMEOUT, 0.1)
    assert await supervisor.stop(signal.SIGTERM) == 0
    assert supervisor.survivors() == []


async def test_an_api_that_cannot_start_ends_serve_with_its_exit_code(deployment: Deployment) -> None:
    listening = listen("127.0.0.1", deployment.port)
    taken = await stepgraph("serve", "--port", str(deployment.port), extra=deployment.settings)
    for each in listening:
        each.close()

    assert taken.code == 1
    assert f"Port {deployment.port} of 127.0.0.1 is taken" in taken.stderr
    assert "Traceback" not in taken.stderr
