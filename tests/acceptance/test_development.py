"""`dev` and `demo`: one command, everything up, and nothing left behind."""

import json
import os
import signal
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stepgraph.cli.kit.client import connected
from tests.acceptance.processes import Running, ask, free_port, running, stepgraph, until_ready
from tests.acceptance.workflows import apply, execute, shown
from tests.waiting import wait_until

WORKERS = "{ health { workers { id } } }"
GREETING = {
    "name": "greeting",
    "steps": [{"id": "hello", "type": "DATA_TRANSFORM", "config": {"output": "Hello, {{ input.name }}"}}],
}

pytestmark = pytest.mark.skipif(
    "DATABASE_URL" in os.environ, reason="`dev` starts servers of its own only where none are set"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A directory that the user PostgreSQL runs as may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="stepgraph-test-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@asynccontextmanager
async def dev(directory: Path, *, workers: int = 1) -> AsyncIterator[tuple[Running, str]]:
    port = free_port()
    log = directory.with_name(f"dev-{port}.log")
    arguments = ("--port", str(port), "--data-dir", str(directory), "--workers", str(workers), "--example-port", "0")
    async with running(log, "dev", *arguments) as process:
        url = f"http://127.0.0.1:{port}"
        await until_ready(url, of=process)
        yield process, url


async def worker_ids(url: str) -> set[str]:
    return {worker["id"] for worker in (await ask(url, WORKERS))["health"]["workers"]}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_dev_stops_cleanly_when_asked_and_leaves_no_process_behind(home: Path, number: int) -> None:
    async with dev(home / "data") as (process, _):
        assert len(process.descendants()) >= 4  # PostgreSQL, Valkey, the API and a worker
        await wait_until(lambda: "/graphiql" in process.text(), "it says where the playground is")

        assert await process.stop(number) == 0
        assert process.survivors() == []


async def test_dev_keeps_its_data_to_itself(home: Path) -> None:
    data = home / "data"
    _open_to_others(home, data)
    async with dev(data) as (process, _):
        found = _mode_of_all(data)
        assert await process.stop() == 0

    assert [name for name, mode in found.items() if mode & 0o007] == []
    # Where PostgreSQL runs as another user, that one may pass through, and sees nothing on its way.
    assert not _mode_of_all(home)[home.name] & (stat.S_IRGRP | stat.S_IROTH)


def _open_to_others(home: Path, data: Path) -> None:
    data.mkdir(mode=0o755)
    (data / "lock").touch(mode=0o644)
    home.chmod(0o700)


def _mode_of_all(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode for path in (directory, *directory.iterdir())}


async def test_a_data_directory_that_cannot_be_used_is_said_at_once(home: Path) -> None:
    (home / "file").touch()
    for command in ("dev", "demo"):
        ended = await stepgraph(command, "--data-dir", str(home / "file" / "data"), extra={"STEPGRAPH_PORT": "0"})
        assert (ended.code, ended.stdout.count("ready")) == (1, 0)
        assert "cannot be used: Not a directory" in ended.stderr
        assert "Traceback" not in ended.stderr


async def test_dev_prints_the_process_ids_of_its_own_workers(home: Path) -> None:
    async with dev(home / "data", workers=2) as (process, _):
        await wait_until(lambda: "process ids" in process.text(), "it has printed them", timeout=90)
        [line] = [line for line in process.text().splitlines() if "process ids" in line]
        own = {each.pid for each in process.running("worker-process")}

        assert {int(word) for word in line.split() if word.isdigit()} == own
        assert len(own) == 2


async def test_nothing_survives_a_dev_that_is_killed(home: Path) -> None:
    async with dev(home / "data") as (process, _):
        await process.kill()
        await wait_until(lambda: not process.survivors(), "every process below it is gone", timeout=90)

    async with dev(home / "data") as (process, _):  # and the data directory is not spoilt
        assert await process.stop() == 0


async def test_dev_replaces_a_worker_that_dies(home: Path) -> None:
    async with dev(home / "data", workers=2) as (process, url):

        async def both() -> set[str]:
            ids = await worker_ids(url)
            return ids if len(ids) == 2 else set()

        before = await wait_until(both, "both workers are there", timeout=90, interval=0.1)
        victim = process.running("worker-process")[0]
        victim.kill()

        async def replaced() -> bool:
            fresh = await worker_ids(url) - before
            return len(fresh) == 1

        await wait_until(replaced, "another worker has taken its place", timeout=90, interval=0.1)
        assert await process.stop() == 0


async def test_data_survives_a_restart(home: Path) -> None:
    async with dev(home / "data") as (process, url):
        async with connected(url) as client:
            await apply(client, GREETING)
            [id] = await execute(client, "greeting", [{"name": "Ada"}])

            async def completed() -> bool:
                return bool((await shown(client, id))["status"] == "COMPLETED")

            await wait_until(completed, "it has completed")
        assert await process.stop() == 0

    async with dev(home / "data") as (_, url), connected(url) as client:
        assert (await shown(client, id))["output"] == "Hello, Ada"


async def test_a_second_dev_on_the_same_data_is_told_so(home: Path) -> None:
    async with dev(home / "data"):
        second = await stepgraph("dev", "--port", str(free_port()), "--data-dir", str(home / "data"))
        assert second.code == 1
        assert "--data-dir" in second.stderr
        assert "Traceback" not in second.stderr


async def test_a_port_that_is_taken_is_said_at_once(home: Path) -> None:
    async with dev(home / "one") as (_, url):
        port = url.rpartition(":")[2]
        second = await stepgraph("dev", "--port", port, "--data-dir", str(home / "two"))
        assert second.code == 1
        assert port in second.stderr
        assert "Traceback" not in second.stderr


PROXIES = {
    name: "http://127.0.0.1:9"  # where nobody listens
    for each in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy")
    for name in (each, each.upper())
}


@pytest.mark.parametrize("proxies", [{}, PROXIES], ids=["no proxy", "proxies"])
async def test_demo_runs_the_example_and_prints_its_output_whatever_proxies_are_set(
    home: Path, proxies: dict[str, str]
) -> None:
    finished = await stepgraph("demo", "--data-dir", str(home / "data"), extra=proxies)

    assert finished.code == 0, finished.stderr
    assert "payment" in finished.stdout
    output = json.loads(finished.stdout[finished.stdout.index("{") :])
    assert output["payment"].startswith("pay_")
    assert output["notified"] is True
