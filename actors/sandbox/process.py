"""One sandbox child as its parent sees it: a process, a socket, and one request at a time."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from actors.sandbox import child as sandbox_child
from actors.sandbox.asking import Answer
from actors.sandbox.child import ANSWER, READY

_MAX_ANSWER = 2 * 4 * 2**20
"""The most bytes of a child's answer: twice the limit on results, which counts less than their JSON text has."""


class SandboxProcess(asyncio.Protocol):
    """A child process, from its start to its end.

    It calls `on_answer(self, answer)` for each request and, with READY, when it has started; `on_end(self)` when the
    connection is gone, after which `exit_code()` tells why.
    """

    def __init__(
        self,
        *,
        calls: int,
        most_resident: int,
        on_answer: Callable[["SandboxProcess", Answer], None],
        on_end: Callable[["SandboxProcess"], None],
    ) -> None:
        self.is_ready = False
        self.is_retiring = False
        self.was_killed = False
        self._arguments = [str(calls), str(most_resident)]
        self._on_answer = on_answer
        self._on_end = on_end
        self._received = bytearray()
        self._transport: asyncio.WriteTransport | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it; it can be asked when it has answered READY. Raises `OSError`."""
        ours, its = socket.socketpair()
        try:
            with its:
                # This takes a millisecond: the new process shares the memory of this one until it has its program.
                self._process = subprocess.Popen(  # noqa: ASYNC220, S603
                    [sys.executable, "-I", "-S", sandbox_child.__file__, *self._arguments, *_package_folders()],
                    stdin=its.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    close_fds=True,
                )
            await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            self.kill()
            raise

    @property
    def pid(self) -> int | None:
        """The process's id; None before it is started."""
        return None if self._process is None else self._process.pid

    def ask(self, request: bytes) -> None:
        """Send a request; the one before it must have been answered."""
        assert self._transport is not None
        self._transport.write(request)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self.was_killed = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._transport is not None:
            self._transport.abort()

    async def exit_code(self) -> int | None:
        """Wait for the end of the process: its exit code, negative for a signal; None if it was never started."""
        return None if self._process is None else await asyncio.to_thread(self._process.wait)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        if self.was_killed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.was_killed:
            return
        received = self._received
        received += data
        if len(received) < ANSWER.size:
            return
        size, kind, is_last = ANSWER.unpack_from(received)
        if size > _MAX_ANSWER or len(received) > ANSWER.size + size:
            self.kill()  # nothing that our program would say
        elif len(received) == ANSWER.size + size:
            text = bytes(received[ANSWER.size :])
            received.clear()
            self.is_ready = self.is_ready or kind == READY
            self.is_retiring = is_last
            self._on_answer(self, Answer(kind, text))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._process is not None:
            self._process.kill()  # it has ended already, or is of no use any more
        self._on_end(self)


def _package_folders() -> list[str]:
    """The folders that the child imports from: our own packages, the two engines and the JSON library."""
    folders = [str(Path(__file__).parents[2])]
    for package in ("jlens", "orjson", "jsonschema_rs"):
        spec = find_spec(package)
        assert spec is not None and spec.origin is not None
        folders.append(str(Path(spec.origin).parents[1]))
    return list(dict.fromkeys(folders))
