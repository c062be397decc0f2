"""The process that runs tests, as its parent sees it: one job at a time, and an end to whatever it does."""

import asyncio
import socket
import subprocess
import sys

from actors.workflow_tests import child, codec
from actors.workflow_tests.child import HEAD, JOB, READY
from actors.workflow_tests.codec import ResultReader
from domain.kernel.errors import LimitExceeded, StepgraphError, Unavailable
from domain.workflow_tests.model import MAX_RESULT_BYTES, WorkflowTestResult

_SPARE = 2**20
"""Bytes of a result besides what is counted by the child."""


class JobProcess:
    """A child process, from its start to its end. `start` once, then `run` one job at a time while `is_usable`."""

    def __init__(self, patience: float) -> None:
        self.is_usable = True
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def pid(self) -> int | None:
        """The process's id; None before it is started."""
        return None if self._process is None else self._process.pid

    @property
    def has_ended(self) -> bool:
        """True when the process is gone, whoever has ended it."""
        return self._process is not None and self._process.poll() is not None

    async def start(self) -> str:
        """Start it, and wait until it can be asked; returns the protections that this system does not let it have.

        Raises `Unavailable`.
        """
        ours, its = socket.socketpair()
        try:
            with its:
                # The environment is empty: no settings and no keys. This takes a millisecond, as for the sandbox.
                self._process = subprocess.Popen(  # noqa: ASYNC220, S603
                    [sys.executable, "-I", "-S", child.__file__, str(self._patience), *filter(None, sys.path)],
                    stdin=its.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                    close_fds=True,
                )
            self._reader, self._writer = await asyncio.open_unix_connection(sock=ours)
            kind, text = await self._message(self._reader)
        except (OSError, EOFError) as error:
            ours.close()
            raise Unavailable("The process for tests does not start: try again in a few seconds.") from error
        assert kind == READY
        return text.decode()

    async def run(self, job: bytes) -> WorkflowTestResult:
        """The result of an encoded job. Raises `LimitExceeded`, and `Unavailable` where the job broke it."""
        assert self._reader is not None and self._writer is not None
        self._writer.write(HEAD.pack(len(job), JOB) + job)
        try:
            return await self._result(self._reader)
        except EOFError as error:
            self.is_usable = False
            message = "The test was given up: the process that ran it ended, out of memory or of stack."
            raise LimitExceeded(message) from error

    async def _result(self, reader: asyncio.StreamReader) -> WorkflowTestResult:
        parts, size = ResultReader(), 0
        result: WorkflowTestResult | None = None
        refusal: StepgraphError | None = None
        while True:
            kind, text = await self._message(reader)
            size += len(text)
            if size > MAX_RESULT_BYTES + _SPARE:
                raise EOFError  # nothing that our program would say
            match kind:
                case codec.EXCEEDED:
                    refusal = LimitExceeded(f"The test was given up: {_shown(text)}.")
                case codec.BROKEN:
                    refusal = Unavailable(f"The test could not be run: {_shown(text)}.")
                case child.NEXT | child.LAST:
                    self.is_usable = kind == child.NEXT
                    if refusal is not None or result is None:
                        raise refusal or EOFError
                    return result
                case _:
                    result = parts.add(kind, text)

    async def end(self) -> None:
        """End it at once, whatever it does, and wait until it is gone."""
        if self._writer is not None:
            self._writer.transport.abort()
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    async def _message(self, reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
        """The next message. Raises `EOFError` where there is none."""
        try:
            size, kind = HEAD.unpack(await reader.readexactly(HEAD.size))
            return kind, await reader.readexactly(size)
        except ConnectionError as error:
            raise EOFError from error


def _shown(text: bytes) -> str:
    return text[:1_000].decode(errors="replace").rstrip(".")
