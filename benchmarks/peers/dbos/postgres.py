"""`python -m benchmarks.peers.dbos.postgres FOLDER`: PostgreSQL as `stepgraph dev` sets it, until SIGTERM.

Prints its URL. A process of its own, because uvloop, which measures, starts no process as another user.
"""

import asyncio
import signal
import sys
from pathlib import Path

from stepgraph.processes.storage import EmbeddedServers


async def _serve(folder: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with EmbeddedServers(folder).running() as addresses:
        print(addresses.database_url, flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
