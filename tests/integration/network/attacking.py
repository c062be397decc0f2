"""An API to attack: its process, its costs, a check that it goes on answering, and raw sockets to it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.costs import as_on_the_reference_machine
from tests.repository import ROOT
from tests.waiting import wait_until

LONGEST_SILENCE = 0.5
"""Seconds of its own processor time, on the reference machine, in which the API may answer nobody. On a busy machine
that counts whatever else it does while the test waits for a processor."""


@dataclass
class Attacked:
    """One API process. `token` is that of an ADMIN key where it asks for keys."""

    port: int
    token: str | None
    process: subprocess.Popen[bytes]
    log: Path
    own: psutil.Process = field(init=False)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.own = psutil.Process(self.process.pid)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def processor_time(self) -> float:
        """Seconds of processor time that it has used."""
        times = self.own.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Bytes that the process has in memory."""
        return int(self.own.memory_info().rss)

    def connections(self) -> int:
        """TCP connections that it holds, without the one it listens on."""
        return sum(each.status != psutil.CONN_LISTEN for each in self.own.net_connections("tcp"))

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw connection, closed after the test at the latest."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        return reader, writer

    async def close_all(self) -> None:
        """Close the raw connections that are left: of a test that has failed, which must not fail others too."""
        for writer in self._writers:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
        self._writers.clear()

    async def say(self, *pieces: bytes, timeout: float = 10.0) -> bytes:
        """Send bytes on a connection of their own; returns the answer up to its end, b"" when it is closed without one.

        Pieces are sent one by one until the API does not take them any more.
        """
        reader, writer = await self.connect()
        try:
            answer = asyncio.create_task(reader.read(-1))
            with suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    if answer.done():
                        break
                    await asyncio.sleep(0)
            with suppress(ConnectionError):
                return await asyncio.wait_for(answer, timeout)
            return b""
        finally:
            answer.cancel()
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def status(self, *pieces: bytes, timeout: float = 10.0) -> int | None:
        """The status of what comes back; None where it was closed without an answer."""
        return status_of(await self.say(*pieces, timeout=timeout))

    async def is_live(self) -> bool:
        """True when /livez answers: with 200, or with 408 where this machine was too busy to send the head in time."""
        head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        return await self.status(head) in (200, 408)

    @asynccontextmanager
    async def kept_responsive(self, *, cost: float) -> AsyncIterator[None]:
        """Fail when the code inside costs the API more than `cost` seconds, or silences /livez for too long.

        Silence is counted in the API's own processor time: on a busy machine it may well get none for a while. Both
        are seconds of the reference machine.
        """
        worst = 0.0
        asked = 0

        async def probe() -> None:
            nonlocal worst, asked
            while True:
                began = self.processor_time()
                assert await self.is_live()
                worst, asked = max(worst, self.processor_time() - began), asked + 1
                await asyncio.sleep(0.02)

        before = self.processor_time()
        prober = asyncio.create_task(probe())
        try:
            yield
            enough = asked + 2
            await wait_until(lambda: asked >= enough or prober.done(), "/livez goes on answering", timeout=20)
            assert not prober.done(), prober.exception()
        finally:
            prober.cancel()
        spent = self.processor_time() - before
        if worst > LONGEST_SILENCE or spent > cost:
            worst, spent = as_on_the_reference_machine(worst), as_on_the_reference_machine(spent)
        assert worst <= LONGEST_SILENCE, f"/livez was silent for {worst:.2f} s of processor time"
        assert spent <= cost, f"it cost {spent:.2f} s of processor time"


def status_of(answer: bytes) -> int | None:
    """The status of an answer; None where there was none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def message_of(answer: bytes) -> str:
    """The sentence of a refusal."""
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    return str(body["errors"][0]["message"])


@contextmanager
def attacked(log: Path, **options: Any) -> Iterator[Attacked]:
    """An API in a process of its own, ended at the end."""
    command = [sys.executable, "-m", "tests.integration.network.process", json.dumps(options)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        log.open("wb") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, env=environment) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, log.read_text()
            said = json.loads(line)
            yield Attacked(said["port"], said["token"], process, log)
        finally:
            process.kill()


async def until_free(api: Attacked, *, within: float) -> float:
    """Wait until the API holds no connection any more; returns the seconds that it took."""
    began = time.monotonic()
    await wait_until(lambda: api.connections() == 0, "every connection is closed", timeout=within)
    return time.monotonic() - began
