"""An API on memory in a process of its own, so that its processor time can be measured: `python -m … JSON`.

It prints one line of JSON, `{"port", "token"}`, when it listens. `token` is an ADMIN key's, where it asks for keys.
"""

import asyncio
import json
import logging
import socket
import sys
from datetime import timedelta
from typing import Any, get_type_hints

import uvicorn

from domain.kernel.statuses import Role
from graphql_api.app import server_options
from graphql_api.context import ApiOptions
from persistence.postgres.connections.clock import DatabaseClock
from tests.integration.graphql_api.api import Api
from tests.waiting import wait_until


def options_of(given: dict[str, Any]) -> ApiOptions:
    """Options from JSON: durations are seconds, tuples are arrays."""
    hints = get_type_hints(ApiOptions)

    def read(name: str, value: Any) -> Any:
        if hints[name] is timedelta:
            return timedelta(seconds=value)
        return tuple(value) if isinstance(value, list) else value

    return ApiOptions(**{name: read(name, value) for name, value in given.items()})


async def main(given: dict[str, Any]) -> None:
    """Serve until we are ended."""
    asks = bool(given.pop("requires_keys", False))
    most = given.pop("most_connections", None)
    clock: Any = DatabaseClock()
    api = Api(options=options_of(given), requires_keys=asks, clock=clock)
    await api.create_workflow("orders")
    _, token = await api.access.create("attacker", Role.ADMIN, None)
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        api.app, log_config=None, lifespan="off", **server_options(api.options, most_connections=most)
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await wait_until(lambda: server.started, "it listens")
    print(json.dumps({"port": listener.getsockname()[1], "token": token if asks else None}), flush=True)  # noqa: T201
    await serving


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    with asyncio.Runner(loop_factory=uvicorn.Config("x", loop="uvloop").get_loop_factory()) as runner:
        runner.run(main(json.loads(sys.argv[1])))
