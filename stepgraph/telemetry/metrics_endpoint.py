"""The endpoint at which Prometheus scrapes a worker: `GET /metrics`, on the worker's own event loop, and nothing else.

A connection is uvicorn's, with the budgets of the API's. The listener is asyncio's and not `uvicorn.Server`, which
handles signals, ends the process when the port is taken, and wakes ten times a second.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from graphql_api.budgets import RequestBudgets
from graphql_api.edge.connections import ConnectionWatch
from graphql_api.edge.http_protocol import BudgetedHttpProtocol
from graphql_api.kit.shared_answers import SharedAnswer
from stepgraph.telemetry.prometheus import CONTENT_TYPE

logger = logging.getLogger(__name__)

_PATIENCE = timedelta(seconds=5)
_LONGEST_HEAD = 8_192


@asynccontextmanager
async def metrics_endpoint(
    render: Callable[[], Awaitable[bytes]], host: str, port: int, *, patience: timedelta = _PATIENCE
) -> AsyncIterator[int | None]:
    """Listen while the context lasts; gives the port, or None when it is taken: a worker runs without metrics too.

    What is rendered is shown for a second, to however many ask. Each connection is for one request. `patience` is the
    time for each of three: the client sends its request, we make the answer, the client reads it.
    """
    budgets = RequestBudgets(
        max_head_bytes=_LONGEST_HEAD, head_timeout=patience, body_timeout=patience, write_timeout=patience
    )
    state = ServerState()
    config = uvicorn.Config(
        partial(_answer, SharedAnswer(render), patience.total_seconds()),
        http=BudgetedHttpProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
    )
    config.load()
    watch = ConnectionWatch(budgets)
    connection = partial(BudgetedHttpProtocol, config=config, server_state=state, app_state={}, watch=watch)
    try:
        server = await asyncio.get_running_loop().create_server(connection, host, port)
    except OSError as error:
        logger.warning("the metrics endpoint cannot listen on %s:%s: %s", host, port, error)
        yield None
        return
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in tuple(state.connections):
            each.transport.abort()


async def _answer(
    shared: Callable[[], Awaitable[bytes]], patience: float, scope: Scope, _receive: Receive, send: Send
) -> None:
    """Answer a request, as an application of ASGI, within `patience` seconds."""
    status, body, content_type = 200, b"GET /metrics\n", "text/plain"
    if scope["path"] != "/metrics":
        status = 404
    elif scope["method"] != "GET":
        status = 405
    else:
        try:
            async with asyncio.timeout(patience):
                body, content_type = await shared(), CONTENT_TYPE
        except TimeoutError:
            status, body = 503, f"The metrics were not read within {patience:g} seconds.\n".encode()
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
