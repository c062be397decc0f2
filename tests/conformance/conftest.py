"""Node and the official packages, for the suites that others wrote.

The packages are those of package-lock.json, installed once into a git-ignored folder beside it.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.graphql_api.api import Api, LiveServer, serving
from tests.nodes import folder_of_node

HERE = Path(__file__).parent

RunScript = Callable[..., AsyncIterator[dict[str, Any]]]


@pytest.fixture(scope="session")
def node() -> Path:
    """The `node` to run scripts with; the packages are installed."""
    folder = folder_of_node()
    with (HERE / "package-lock.json").open() as locked:
        fcntl.flock(locked, fcntl.LOCK_EX)  # the tests run in several processes, and all share one folder
        _install(folder)
    return folder / "node"


def _install(folder: Path) -> None:
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    marker = HERE / "node_modules" / ".installed"
    if marker.is_file() and marker.read_text() == lock:
        return
    subprocess.run(
        [folder / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        check=True,
        cwd=HERE,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        timeout=300,
    )
    marker.write_text(lock)


@pytest.fixture
async def server() -> AsyncIterator[LiveServer]:
    """A live server on memory."""
    async with serving(Api()) as live:
        yield live


@pytest.fixture
def run_script(node: Path) -> RunScript:
    """Runs a script of this folder and gives the JSON values that it prints, one a line, as it prints them."""

    async def run(name: str, *arguments: str) -> AsyncIterator[dict[str, Any]]:
        process = await asyncio.create_subprocess_exec(
            node, name, *arguments, cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            async with asyncio.timeout(200):
                async for line in process.stdout:
                    yield json.loads(line)
                errors = await process.stderr.read()
                assert await process.wait() == 0, errors.decode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return run
