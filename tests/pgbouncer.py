"""PgBouncer in front of a PostgreSQL, as teams that outgrow one machine put it there."""

import asyncio
import os
import pwd
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.acceptance.processes import free_port
from tests.waiting import wait_until

_CONFIGURATION = """
[databases]
* = {target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {sessions}
max_client_conn = 300
"""


@asynccontextmanager
async def pgbouncer(url: str, *, mode: str, sessions: int) -> AsyncIterator[str]:
    """The address of the same database by way of PgBouncer, which lends so many sessions in this mode."""
    program = shutil.which("pgbouncer")
    if program is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up("There is no PgBouncer: apt-get install pgbouncer")
    port = free_port()
    with _folder(_CONFIGURATION.format(target=_target(url), port=port, mode=mode, sessions=sessions)) as folder:
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                program, "-q", str(folder / "pgbouncer.ini"), stdout=log, stderr=log, user=_user(url)
            )
        try:
            await wait_until(lambda: _accepts(port), "PgBouncer listens")
            yield f"postgresql://postgres@127.0.0.1:{port}{urlsplit(url).path}"
        finally:
            process.kill()
            await process.wait()
            sys.stdout.write((folder / "log").read_text())


@contextmanager
def _folder(configuration: str) -> Iterator[Path]:
    """A folder with the configuration that any user may read."""
    folder = Path(tempfile.mkdtemp(prefix="stepgraph-pgbouncer-"))
    try:
        folder.chmod(0o755)
        file = folder / "pgbouncer.ini"
        file.write_text(configuration)
        file.chmod(0o644)
        yield folder
    finally:
        shutil.rmtree(folder)


def _target(url: str) -> str:
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]
    words = {"host": host, "port": parts.port or 5432, "user": parts.username or "postgres", "password": parts.password}
    return " ".join(f"{name}={value}" for name, value in words.items() if value)


def _user(url: str) -> str | None:
    """PgBouncer refuses to run as root; the owner of PostgreSQL's socket may open it."""
    if os.geteuid() != 0:
        return None
    folder = parse_qs(urlsplit(url).query).get("host")
    return pwd.getpwuid(Path(folder[0]).stat().st_uid).pw_name if folder else "nobody"


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
