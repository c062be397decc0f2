"""The system that is broken: an API and two workers with what keeps them alive, each with a network of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from persistence.postgres.migrate import migrate
from tests.acceptance.conftest import WatchedService
from tests.acceptance.processes import Running, free_port, running, until_ready
from tests.chaos.servers import Postgres, Valkey
from tests.contract.proxy import Proxy

LEASE = 2.0
"""Seconds. Short, so that a few seconds of faults are many leases."""
API, *WORKERS = ("api", "worker-1", "worker-2")


@dataclass
class Machine:
    """A process of the system with its supervisor, and the network between it and the servers."""

    name: str
    network: tuple[Proxy, Proxy]
    supervisor: Running | None = None

    def process(self) -> psutil.Process | None:
        """The process that does the work; None while there is none."""
        assert self.supervisor is not None
        command = "api-process" if self.name == API else "worker-process"
        return next(iter(self.supervisor.running(command)), None)


@dataclass
class Stage:
    """Everything that can be broken."""

    directory: Path
    postgres: Postgres
    valkey: Valkey
    service: WatchedService
    port: int
    stack: AsyncExitStack
    machines: dict[str, Machine] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, name: str) -> None:
        """Start a machine, with a way of its own to each server."""
        ways = (Proxy(self.postgres.url, default_port=5432), Proxy(self.valkey.url, default_port=6379))
        for way in ways:
            await self.stack.enter_async_context(way)
        machine = self.machines[name] = Machine(name, ways)
        command = ["serve", "--port", str(self.port)] if name == API else ["worker", "--processes", "1"]
        environment = {
            "DATABASE_URL": ways[0].url,
            "REDIS_URL": ways[1].url,
            "STEPGRAPH_EGRESS_ALLOW_LOOPBACK": "true",
            "STEPGRAPH_HEARTBEAT": "PT0.4S",
            "STEPGRAPH_LEASE": f"PT{LEASE:g}S",
            "STEPGRAPH_POISONED_AFTER": "1000",  # workers die all the time, and not by what they hold
            "STEPGRAPH_LOG_FORMAT": "json",
        }
        log = self.directory / f"{name}.log"
        machine.supervisor = await self.stack.enter_async_context(running(log, *command, extra=environment))

    def logs(self) -> str:
        """The end of what each process has said."""
        return "\n".join(
            f"{log.name}:\n{log.read_text(errors='replace')[-3000:]}" for log in self.directory.glob("*.log")
        )


@asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    """A running system. It is stopped at the end, whatever state it is in."""
    async with AsyncExitStack() as stack:
        postgres, valkey = Postgres(directory, free_port()), Valkey(directory, free_port())
        for server in (postgres, valkey):
            stack.push_async_callback(server.end)
            await server.start()
        await migrate(postgres.url)
        service = await stack.enter_async_context(WatchedService())
        stage = Stage(directory, postgres, valkey, service, free_port(), stack)
        for name in (API, *WORKERS):
            await stage.start(name)
        api = stage.machines[API].supervisor
        assert api is not None
        await until_ready(stage.url, of=api)
        yield stage
