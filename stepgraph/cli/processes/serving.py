"""`serve`, `worker` and `migrate`: the processes of a deployment."""

import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from stepgraph.cli.kit.exit_codes import Exit, fail, run, settings_of
from stepgraph.cli.kit.output import console, print_json
from stepgraph.cli.processes.addresses import settings_with_servers
from stepgraph.cli.processes.diagnosing import refuse_unfit_servers
from stepgraph.processes.listening import listen, port_of
from stepgraph.processes.supervisor import Program, keep_alive, keep_all_alive
from stepgraph.settings import Settings, is_loopback

Insecure = Annotated[
    bool,
    typer.Option(
        "--insecure-no-auth", help="Serve without API keys, also on an address that other machines can reach."
    ),
]
NeedsWorker = Annotated[
    bool, typer.Option("--needs-worker", help="Report ready on /readyz only while a worker is alive.")
]

_API_GRACE = 15.0
"""Seconds that the API process gets to end: three for its requests, the others for closing its connections."""


def refuse_open_address(settings: Settings, *, insecure: bool) -> Settings:
    """Leave with exit code 2 when the API would serve other machines without keys and is not `insecure` on purpose."""
    if insecure and not is_loopback(settings.host):
        settings = settings.model_copy(update={"require_keys": False})
    if "*" in settings.allowed_origins and not settings.asks_for_keys:
        fail(
            "Every page that anybody looks at could do everything: STEPGRAPH_ALLOWED_ORIGINS is *, and no keys are"
            " asked for. Name the origins, or set STEPGRAPH_REQUIRE_KEYS=true.",
            Exit.USAGE,
        )
    if not insecure and not is_loopback(settings.host) and not settings.asks_for_keys:
        fail(
            f"Whoever reaches {settings.host} could do everything: STEPGRAPH_REQUIRE_KEYS is off. Leave it out, bind to"
            " 127.0.0.1, or put a proxy that authenticates in front and start with --insecure-no-auth.",
            Exit.USAGE,
        )
    return settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    insecure_no_auth: Insecure = False,
    needs_worker: NeedsWorker = False,
) -> None:
    """Run the API server, with GraphiQL.

    GraphQL over HTTP, WebSocket and server-sent events. A process that dies is replaced.

    Example: DATABASE_URL=postgresql://… REDIS_URL=redis://… stepgraph serve --port 8000
    """
    settings = settings_with_servers(host=host, port=port)
    settings = refuse_open_address(settings, insecure=insecure_no_auth)
    status = run(_keep_api(settings, needs_worker=needs_worker, insecure=insecure_no_auth), is_service=True)
    raise typer.Exit(status)


def api_process(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    insecure_no_auth: Insecure = False,
    needs_worker: NeedsWorker = False,
    socket_number: Annotated[
        list[int] | None, typer.Option("--socket", help="File descriptor of a listening socket; may be repeated.")
    ] = None,
) -> None:
    """Run the API in this process, without a supervisor: for process managers that restart it themselves.

    Example: DATABASE_URL=postgresql://… REDIS_URL=redis://… stepgraph api-process --port 8000
    """
    settings = settings_with_servers(host=host, port=port)
    settings = refuse_open_address(settings, insecure=insecure_no_auth)
    refuse_unfit_servers(settings)
    from stepgraph.processes.api import serve_api

    sockets = [socket.socket(fileno=number) for number in socket_number or ()]
    serve_api(settings, needs_worker=needs_worker, sockets=sockets or None)


def worker(
    processes: Annotated[int | None, typer.Option(min=1, help="Number of worker processes.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Number of threads in each that take messages.")] = None,
) -> None:
    """Run worker processes; one that dies is restarted.

    Example: DATABASE_URL=postgresql://… REDIS_URL=redis://… stepgraph worker --processes 4
    """
    settings = settings_with_servers(worker_processes=processes, worker_threads=threads)
    raise typer.Exit(run(keep_all_alive(worker_programs(settings, {})), is_service=True))


def worker_process(
    threads: Annotated[int | None, typer.Option(min=1, help="Number of threads that take messages.")] = None,
) -> None:
    """Run one worker in this process, without a supervisor: for process managers that restart it themselves.

    Example: DATABASE_URL=postgresql://… REDIS_URL=redis://… stepgraph worker-process
    """
    settings = settings_with_servers(worker_threads=threads)
    refuse_unfit_servers(settings)
    from stepgraph.processes.worker import run_worker_process

    sys.exit(run_worker_process(settings))


def migrate(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Apply database migrations; safe from several places at once.

    Example: DATABASE_URL=postgresql://… stepgraph migrate
    """
    settings = settings_of()
    if settings.database_url is None:
        fail("DATABASE_URL must be set.", Exit.USAGE)
    from persistence.postgres.migrate import migrate as apply_migrations

    applied = run(apply_migrations(settings.database_url))
    if as_json:
        print_json({"applied": applied})
    else:
        console.print("\n".join(f"applied {name}" for name in applied) or "nothing to do", highlight=False)


def worker_programs(
    settings: Settings, environment: Mapping[str, str], *, death_signal: int = signal.SIGTERM
) -> list[Program]:
    """The worker processes to keep alive."""
    grace = settings.shutdown_grace.total_seconds() + 5
    arguments = ("worker-process", "--threads", str(settings.worker_threads))
    port = settings.worker_metrics_port

    def environment_of(number: int) -> Mapping[str, str]:
        own = {} if port is None else {"STEPGRAPH_WORKER_METRICS_PORT": str(port + number - 1)}
        return {**environment, **own}

    return [
        Program.stepgraph(
            f"worker {number}",
            *arguments,
            environment=environment_of(number),
            grace=grace,
            death_signal=death_signal,
            watchdog_timeout=settings.watchdog_timeout,
        )
        for number in range(1, settings.worker_processes + 1)
    ]


def api_program(
    settings: Settings,
    sockets: Sequence[socket.socket],
    environment: Mapping[str, str],
    *,
    needs_worker: bool,
    insecure: bool,
) -> Program:
    """The API process to keep alive, on sockets that outlive it. It is killed with us, which frees the port."""
    arguments = ["api-process", "--host", settings.host, "--port", str(port_of(sockets))]
    for each in sockets:
        arguments += ["--socket", str(each.fileno())]
    if insecure:
        arguments.append("--insecure-no-auth")
    if needs_worker:
        arguments.append("--needs-worker")
    return Program.stepgraph(
        "api",
        *arguments,
        environment=environment,
        grace=_API_GRACE,
        death_signal=signal.SIGKILL,
        sockets=sockets,
        watchdog_timeout=settings.watchdog_timeout,
    )


async def _keep_api(settings: Settings, *, needs_worker: bool, insecure: bool) -> int:
    sockets = listen(settings.host, settings.port)
    return await keep_alive(api_program(settings, sockets, {}, needs_worker=needs_worker, insecure=insecure))
