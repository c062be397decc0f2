"""`stepgraph breakers …` against an API on memory."""

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from domain.circuit_breakers.model import BreakerSnapshot
from domain.kernel.ids import new_id
from stepgraph.cli.main import app
from tests.acceptance.processes import environment
from tests.integration.graphql_api.api import NOON, Api, LiveServer, serving
from tests.integration.graphql_api.circuit_breakers.test_breaker_operations import SHOP, opened
from tests.waiting import wait_until


@contextmanager
def in_a_thread() -> Iterator[LiveServer]:
    """An API whose loop runs beside the test, for commands have a loop of their own."""
    is_up, is_done = threading.Event(), asyncio.Event()
    found: list[Any] = []

    async def serve() -> None:
        async with serving(Api()) as server:
            found.extend((server, asyncio.get_running_loop()))
            is_up.set()
            await is_done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert is_up.wait(20)
        yield found[0]
    finally:
        if found:
            found[1].call_soon_threadsafe(is_done.set)
        thread.join(20)


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


def breakers(server: LiveServer, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["breakers", *arguments, "--url", server.url], env={"COLUMNS": "200"})


def data(server: LiveServer, *arguments: str) -> Any:
    answer = breakers(server, *arguments, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def open_(api: Api) -> None:
    async def save() -> None:
        await api.storage.breakers.ensure(SHOP, id=new_id(), now=NOON)
        await api.storage.breakers.save(opened(), NOON)

    asyncio.run(save())


def test_from_the_configuration_to_the_removal(server: LiveServer) -> None:
    configured = data(server, "configure", SHOP, "--failures", "3", "--reset-timeout", "PT1M", "--probes", "2")
    assert configured["config"] == {
        "failureThreshold": 3,
        "successThreshold": 2,
        "resetTimeout": "PT1M",
        "halfOpenMaxCalls": 2,
    }
    assert data(server, "configure", SHOP, "--successes", "7")["config"]["successThreshold"] == 7
    assert data(server, "list", "--state", "open") == []
    open_(server.api)
    assert [each["serviceId"] for each in data(server, "list", "--state", "OPEN", "--state", "HALF_OPEN")] == [SHOP]
    assert data(server, "show", SHOP)["nextProbeAt"] == "2030-01-01T12:00:30Z"
    assert data(server, "reset", SHOP)["state"] == "CLOSED"
    assert data(server, "delete", SHOP)["__typename"] == "Deleted"


def test_what_people_read(server: LiveServer) -> None:
    open_(server.api)

    head, line = breakers(server, "list").stdout.splitlines()
    assert head.split() == ["service", "state", "failures", "opened", "next", "probe", "waiting"]
    assert line.split() == [SHOP, "OPEN", "5", "of", "5", "2030-01-01", "12:00:00", "2030-01-01", "12:00:30", "0"]
    shown = breakers(server, "show", SHOP).stdout
    assert "5; 5 in a row open it" in shown
    assert "30.00 s" in shown
    assert "CLOSED" in breakers(server, "reset", SHOP).stdout
    assert breakers(server, "delete", SHOP).stdout == f"deleted {SHOP}\n"


@pytest.mark.parametrize("command", ["show", "reset", "delete"])
def test_a_service_that_nobody_knows_is_an_error(server: LiveServer, command: str) -> None:
    answer = breakers(server, command, "nobody:1")
    assert answer.exit_code == 1
    assert "nobody:1" in answer.stderr


def test_a_wrong_configuration_is_explained(server: LiveServer) -> None:
    answer = breakers(server, "configure", SHOP, "--failures", "0", "--reset-timeout", "PT0S")
    assert answer.exit_code == 1
    assert "config.failureThreshold: must be between 1 and 10,000" in answer.stderr
    assert "config.resetTimeout" in answer.stderr


async def test_watching_prints_each_change_until_it_is_interrupted() -> None:
    api = Api()
    await api.storage.breakers.ensure(SHOP, id=new_id(), now=NOON)
    shared = api.storage.shared_breakers
    async with serving(api) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stepgraph", "breakers", "watch", SHOP, "--url", server.url),
            stdout=asyncio.subprocess.PIPE,
            env=environment({"PYTHONUNBUFFERED": "1"}),
        )
        try:
            assert process.stdout is not None
            await wait_until(lambda: shared.listeners, "it watches", timeout=40)
            await shared.replace(BreakerSnapshot(service_id=SHOP, version=1, failure_count=1), after=0)
            await shared.replace(opened(), after=1)
            async with asyncio.timeout(20):
                lines = [(await process.stdout.readline()).decode().rstrip() for _ in range(2)]
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 60) == 130
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert lines == [
        f"{SHOP}  CLOSED  failures 1",
        f"{SHOP}  OPEN  failures 5, next probe 2030-01-01 12:00:30",
    ]
