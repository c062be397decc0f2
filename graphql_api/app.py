"""The web application: GraphQL, hooks, the pages for browsers, and the addresses that say if this process can work."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from domain.kernel.json.text import dumps
from graphql_api.console import Console
from graphql_api.context import ApiOptions, ApiServices, ContextFactory
from graphql_api.edge.clients import Networks
from graphql_api.edge.connections import ConnectionWatch, is_loopback
from graphql_api.edge.counting import CountedByAddress
from graphql_api.edge.gateway import Edge
from graphql_api.edge.http_protocol import BudgetedHttpProtocol
from graphql_api.edge.keys import KeyGate
from graphql_api.edge.rates import Rates
from graphql_api.edge.websocket_protocol import BudgetedWebSocketProtocol
from graphql_api.executions.origins import ExecutionOrigins
from graphql_api.executions.recent_changes import RecentChanges
from graphql_api.kit.shared_answers import SharedAnswer
from graphql_api.playground import STATIC_FILES, playground
from graphql_api.protocol.view import GraphQLView
from graphql_api.schema import build_schema
from graphql_api.system.health import check_readiness, read_health
from graphql_api.webhooks.receiving import Hooks

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


def create_app(
    services: ApiServices,
    *,
    options: ApiOptions | None = None,
    lifespan: Lifespan | None = None,
    static_files: Path = STATIC_FILES,
    metrics: Callable[[], Awaitable[bytes]] | None = None,
) -> Edge:
    """Build the application on these services. `lifespan` opens and closes the connections that they use.

    - `/graphql`: GraphQL over HTTP, queries by GET too, and graphql-sse; WebSockets with graphql-transport-ws
    - `POST /hooks/{token}`: registered inbound webhooks, callbacks of steps, signals of executions
    - `GET /livez`: 200 while the process answers at all
    - `GET /readyz`: 200 when it can take work, else 503; a JSON object with every check either way
    - `GET /metrics`: metrics in Prometheus' text format, where `metrics` is given
    - `GET /` and the addresses of its pages: the console, where it is switched on; else `/` leads to the playground
    - `GET /graphiql/`: the playground, where it is switched on

    Answers of /readyz and /metrics may be a second old: all requests of that time share one look-up.
    """
    options = options or ApiOptions()
    rates = Rates(options)
    gate = KeyGate(services.access, rates=rates, audit=services.audit, clock=services.clock)
    contexts = ContextFactory(
        services=services,
        options=options,
        origins=ExecutionOrigins(services.execution_queries),
        recent=RecentChanges(services.feed),
        health=SharedAnswer(partial(read_health, services, options)),
    )
    view = GraphQLView(build_schema(options), contexts, gate=gate)

    readiness = SharedAnswer(partial(check_readiness, services, options))
    shared_metrics = None if metrics is None else SharedAnswer(metrics)

    async def livez(_: Request) -> Response:
        return _json({"status": "UP"})

    async def readyz(_: Request) -> Response:
        is_ready, report = await readiness()
        return _json(report, 200 if is_ready else 503)

    async def exposed(_: Request) -> Response:
        assert shared_metrics is not None
        return Response(await shared_metrics(), 200, {"Content-Type": METRICS_TYPE, "Cache-Control": "no-store"})

    async def root(_: Request) -> Response:
        return RedirectResponse("/graphiql/", 307) if options.graphiql else _json({"graphql": "/graphql"})

    console = Console(static_files) if options.console else None
    application = Starlette(
        routes=[
            Route("/graphql", view),
            WebSocketRoute("/graphql", view),
            Route("/hooks/{token}", Hooks(services, options).__call__, methods=["POST"]),
            Route("/livez", livez),
            Route("/readyz", readyz),
            *((Route("/metrics", exposed),) if metrics is not None else ()),
            *([Route("/", root)] if console is None else console.routes()),
            *(playground(static_files) if options.graphiql else ()),
        ],
        exception_handlers={} if console is None else {404: console.not_found},
        lifespan=lifespan,
    )
    return Edge(CountedByAddress(application, rates), options, asks_for_keys=services.access.requires_keys)


class ServerOptions(TypedDict):
    """Options for `uvicorn.Config`, besides the address."""

    http: Any
    ws: Any
    ws_max_size: int
    ws_max_queue: int
    ws_ping_interval: float
    ws_ping_timeout: float
    ws_per_message_deflate: bool
    timeout_keep_alive: int
    timeout_graceful_shutdown: int
    proxy_headers: bool
    server_header: bool
    access_log: bool


def server_options(options: ApiOptions, *, most_connections: int | None = None) -> ServerOptions:
    """The options that uvicorn must be run with. `most_connections` lowers the budget, where files are few.

    Without `timeout_graceful_shutdown` an open event stream would keep the process from ever ending. The headers
    of proxies about their clients are read by `graphql_api.edge.gateway`, and only from proxies in the settings.
    """
    proxies = Networks(options.trusted_proxies)
    watch = ConnectionWatch(
        options, is_exempt=lambda address: is_loopback(address) or address in proxies, most=most_connections
    )
    return ServerOptions(
        http=partial(BudgetedHttpProtocol, watch=watch),
        ws=partial(BudgetedWebSocketProtocol, watch=watch),
        ws_max_size=options.max_body_bytes,
        ws_max_queue=32,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_per_message_deflate=False,  # a window of memory for each of thousands of sockets, for small messages
        timeout_keep_alive=max(1, round(options.idle_timeout.total_seconds())),
        timeout_graceful_shutdown=3,
        proxy_headers=False,
        server_header=False,
        access_log=False,
    )


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status, {"Content-Type": "application/json", "Cache-Control": "no-store"})
