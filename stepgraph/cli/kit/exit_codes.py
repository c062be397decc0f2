"""Exit codes that scripts can rely on, and the one sentence on standard error that goes with them."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Coroutine, Iterable
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

from domain.kernel.errors import StepgraphError, Unavailable
from domain.kernel.json.text import JsonValue, dumps, loads
from stepgraph.cli.kit.api_errors import ApiRefused, ApiUnreachable
from stepgraph.cli.kit.output import printable

if TYPE_CHECKING:
    from stepgraph.settings import Settings

Result = TypeVar("Result")
_SIGNALLED = 128


class Exit(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3


def fail(message: str, code: Exit = Exit.FAILED) -> NoReturn:
    """Say why on standard error and leave."""
    typer.secho(printable(message), fg=typer.colors.RED, err=True)
    raise typer.Exit(code)


def note(sentence: str) -> None:
    """Say something beside what is printed, on standard error."""
    typer.secho(printable(sentence), err=True)


def run(main: Coroutine[Any, Any, Result], *, is_service: bool = False) -> Result:
    """Run a command's coroutine; what it raises on purpose becomes a sentence and an exit code.

    SIGTERM and Ctrl-C cancel it, so that everything it has opened is closed. A command then ends with 128 and the
    signal's number, as shells have it; a service has done what it was asked for, and ends with 0.
    """
    from stepgraph.settings import InvalidSettings

    received: list[int] = []
    gc.enable()
    try:
        return asyncio.run(_interruptible(main, received))
    except (ApiUnreachable, Unavailable) as error:
        fail(str(error), Exit.UNREACHABLE)
    except InvalidSettings as error:
        fail(str(error), Exit.USAGE)
    except (ApiRefused, StepgraphError) as error:
        fail(str(error))
    except (asyncio.CancelledError, KeyboardInterrupt):
        number = received[0] if received else signal.SIGINT
        raise typer.Exit(Exit.OK if is_service else _SIGNALLED + number) from None


async def _interruptible(main: Coroutine[Any, Any, Result], received: list[int]) -> Result:
    """The result, unless a signal comes before it: then its number is added to `received`, and this is cancelled."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()

    def interrupt(number: int) -> None:
        received.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt, number)
    return await main


def settings_of(**overrides: object) -> Settings:
    """The settings of this process, or exit code 2 with everything that is wrong with them."""
    from stepgraph.settings import InvalidSettings, load_settings

    try:
        return load_settings(**overrides)
    except InvalidSettings as error:
        fail(str(error), Exit.USAGE)


def json_argument(text: str, option: str) -> JsonValue:
    """A JSON value given on the command line, or `@file` with JSON or YAML in it."""
    if text.startswith("@"):
        return read_document(Path(text[1:]))
    try:
        return loads(text)
    except ValueError as error:
        fail(f"{option} is not JSON: {error}", Exit.USAGE)


def read_document(path: Path) -> JsonValue:
    """The value in a YAML or JSON file."""
    values = read_documents(path)
    if len(values) != 1:
        fail(f"{path} holds {len(values)} documents, and one is wanted.", Exit.USAGE)
    return values[0]


def read_objects(paths: Iterable[Path]) -> list[dict[str, JsonValue]]:
    """The objects in YAML or JSON files; empty documents are skipped. Leaves with exit code 2 for any other value."""
    found = []
    for path in paths:
        values = [value for value in read_documents(path) if value is not None]
        for value in values:
            if not isinstance(value, dict):
                fail(f"{path} holds {dumps(value)[:40]}, and an object is wanted.", Exit.USAGE)
            found.append(value)
        if not values:
            fail(f"{path} holds nothing.", Exit.USAGE)
    return found


def read_documents(path: Path) -> list[JsonValue]:
    """The values in a YAML file, which may hold several between lines of `---`, or the one in a JSON file."""
    from stepgraph.cli.kit.yaml_text import yaml_values

    try:
        text = path.read_text(encoding="utf-8")
        values: list[JsonValue] = [loads(text)] if path.suffix == ".json" else yaml_values(text)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", Exit.USAGE)
    except ValueError as error:
        fail(f"{path} is neither JSON nor YAML: {error}", Exit.USAGE)
    return values
