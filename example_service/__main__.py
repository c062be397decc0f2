"""`python -m example_service`: serve until SIGINT or SIGTERM."""

import argparse
import asyncio
import signal

from example_service.service import ExampleService


async def _run(host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with ExampleService(host=host, port=port) as service:
        print(service.url, flush=True)
        await stop.wait()


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="example_service", description="The bundled example service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    try:
        import uvloop
    except ImportError:
        asyncio.run(_run(arguments.host, arguments.port))
    else:
        uvloop.run(_run(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
