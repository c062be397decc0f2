"""Real processes for the acceptance tests: started, asked, killed, and never left behind."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from stepgraph.cli.kit.client import ApiClient, connected
from tests.waiting import wait_until

START_TIMEOUT = 90.0
STOP_TIMEOUT = 60.0
_INHERITED = re.compile(r"^(STEPGRAPH_.*|DATABASE_URL|REDIS_URL)$")


@dataclass(frozen=True, slots=True)
class Output:
    """The exit code and the output of a finished command."""

    code: int
    stdout: str
    stderr: str


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process under test: ours without any setting of Stepgraph, and with these."""
    kept = {name: value for name, value in os.environ.items() if not _INHERITED.match(name)}
    return {**kept, "NO_COLOR": "1", "COLUMNS": "160", **(extra or {})}


async def stepgraph(*arguments: str, extra: Mapping[str, str] | None = None, timeout: float = 120.0) -> Output:
    """Run `stepgraph ARGUMENTS…` to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "stepgraph",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(extra),
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout)
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        raise AssertionError(f"stepgraph {' '.join(arguments)} hangs:\n{out.decode()}{err.decode()}") from None
    assert process.returncode is not None
    return Output(process.returncode, out.decode(), err.decode())


@dataclass
class Running:
    """A process that stays up, with its output in a file. Whatever it has started is remembered, to be looked for."""

    process: asyncio.subprocess.Process
    log: Path
    family: dict[int, psutil.Process] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        return self.process.pid

    def descendants(self) -> list[psutil.Process]:
        """Every process below it that lives now."""
        try:
            found: list[psutil.Process] = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        self.family.update((each.pid, each) for each in found)
        return found

    def running(self, command: str) -> list[psutil.Process]:
        """The descendants that run a command of ours, such as `worker-process`."""
        return [each for each in self.descendants() if command in _words_of(each)]

    def survivors(self) -> list[psutil.Process]:
        """The descendants that `descendants` has ever seen and that still live."""
        return [each for each in self.family.values() if _lives(each)]

    async def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to end, wait, and return its exit code."""
        self.descendants()
        self.process.send_signal(number)
        try:
            return await asyncio.wait_for(self.process.wait(), STOP_TIMEOUT)
        except TimeoutError:
            raise AssertionError(f"it does not stop:\n{self.text()}") from None

    async def kill(self) -> None:
        """SIGKILL, and wait."""
        self.descendants()
        self.process.kill()
        await self.process.wait()

    def text(self) -> str:
        """The output so far."""
        return self.log.read_text(errors="replace")


@asynccontextmanager
async def running(
    log: Path, *arguments: str, extra: Mapping[str, str] | None = None, module: str = "stepgraph"
) -> AsyncIterator[Running]:
    """A process of `python -m MODULE ARGUMENTS…`; killed at the end, with all below it, where it still lives."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment(extra),
            start_new_session=True,
        )
    started = Running(process, log)
    try:
        yield started
    finally:
        started.descendants()
        if process.returncode is None:
            process.kill()
            await process.wait()
        for left in started.survivors():
            with suppress(psutil.NoSuchProcess):
                left.kill()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def until_ready(url: str, *, of: Running) -> None:
    """Wait until /readyz answers 200; show what the process said when it does not."""

    def is_ready() -> bool:
        assert of.process.returncode is None, f"it has ended:\n{of.text()}"
        return answers(url)

    try:
        await wait_until(lambda: asyncio.to_thread(is_ready), f"{url}/readyz is 200", START_TIMEOUT, 0.05)
    except TimeoutError as error:
        raise AssertionError(f"{error}\n{of.text()}") from error


def answers(url: str) -> bool:
    """True when /readyz answers 200 now."""
    try:
        with urlopen(f"{url}/readyz", timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


async def ask(url: str, operation: str, **variables: Any) -> dict[str, Any]:
    """The data of one query or mutation."""
    async with connected(url) as client:
        return dict(await client.execute(operation, **variables))


async def status_of(client: ApiClient, id: str) -> str:
    """The status of one execution."""
    data = await client.execute("query ($id: ID!) { execution(id: $id) { status } }", id=id)
    return str(data["execution"]["status"])


async def statuses(client: ApiClient, ids: Sequence[str]) -> dict[str, str]:
    """The status of each of these executions, in one query."""
    fields = " ".join(f'e{index}: execution(id: "{id}") {{ status }}' for index, id in enumerate(ids))
    data = await client.execute(f"{{ {fields} }}")
    return {id: data[f"e{index}"]["status"] for index, id in enumerate(ids)}


def _words_of(process: psutil.Process) -> list[str]:
    """The command line; empty where the process has just gone."""
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
