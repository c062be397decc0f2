"""The cost of a page of executions by every filter, among few and many: `python -m benchmarks.micro_lists`.

A PostgreSQL of its own holds ten thousand executions, then a million. The API answers what the console asks, in this
process and without a socket: a page of 50, and the counts by status.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.many_executions import PAGE, console_filters, store_executions
from domain.kernel.ids import IdKind, new_id, to_public
from graphql_api.app import create_app
from persistence.postgres.connections.database import Database
from persistence.postgres.migrate import migrate
from stepgraph.processes.api import api_services
from stepgraph.processes.storage import EmbeddedServers
from stepgraph.settings import Settings

_FEW = 10_000
_ROUNDS = 9
_WORKFLOWS = 50

_CREATE = """
mutation ($name: String!) {
  createWorkflow(input: {name: $name, steps: [{id: "a", config: {dataTransform: {expression: "1"}}}]}) {
    ... on Workflow { id }
  }
}
"""
_COUNTS = "query ($filter: ExecutionFilter) { executionCounts(filter: $filter) { statuses { status count } } }"


class _Bench:
    """The API in this process, and what was measured of it."""

    def __init__(self, client: httpx.AsyncClient, database: Database) -> None:
        self._client, self._database = client, database
        self.schedule = new_id()
        self.workflow = ""

    async def ask(self, query: str, variables: Mapping[str, object]) -> Any:
        answer = (await self._client.post("/graphql", json={"query": query, "variables": variables})).json()
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        return answer["data"]

    async def create_workflows(self) -> None:
        for number in range(_WORKFLOWS):
            data = await self.ask(_CREATE, {"name": f"workflow-{number}"})
            self.workflow = data["createWorkflow"]["id"]

    async def fill(self, first: int, last: int, most: int) -> None:
        """Store the executions of these numbers, of `most` in all."""
        async with self._database.connection() as connection:
            await store_executions(connection, first, last, most, schedule=self.schedule, living=True)
            await connection.execute("VACUUM ANALYZE workflow_execution", timeout=900)

    async def measure(self) -> dict[str, float]:
        """For each filter the milliseconds of a page, newest and longest first, and those of the counts."""
        schedule = to_public(IdKind.SCHEDULE, self.schedule)
        found = {}
        for name, filter in console_filters(self.workflow, schedule).items():
            found[f"page: {name}"] = await self._median(PAGE, {"filter": filter})
            found[f"counts: {name}"] = await self._median(_COUNTS, {"filter": filter})
            if "FAILED" in name or name in ("nothing", "workflow, nothing"):
                by = {"by": "DURATION"}
                found[f"longest first: {name}"] = await self._median(PAGE, {"filter": filter, "order": by})
        return found

    async def _median(self, query: str, variables: Mapping[str, object]) -> float:
        lengths = []
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            await self.ask(query, variables)
            lengths.append((time.perf_counter() - began) * 1e3)
        return statistics.median(lengths)


async def _measure(directory: Path, many: int, console: Console) -> dict[str, tuple[float, float]]:
    async with EmbeddedServers(directory).running() as addresses:
        await migrate(addresses.database_url)
        settings = Settings(
            database_url=addresses.database_url, redis_url=addresses.redis_url, operation_timeout=timedelta(minutes=2)
        )
        services, lifespan = api_services(settings)
        app = create_app(services)
        transport = httpx.ASGITransport(app)
        async with (
            Database(addresses.database_url) as database,
            lifespan(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=120) as client,
        ):
            bench = _Bench(client, database)
            await bench.create_workflows()
            await bench.fill(many - _FEW, many, many)
            few = await bench.measure()
            began = time.perf_counter()
            await bench.fill(0, many - _FEW, many)
            console.print(f"{many - _FEW:,} more executions stored in {time.perf_counter() - began:.0f} s")
            after = await bench.measure()
            return {name: (few[name], after[name]) for name in few}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro_lists", description=__doc__)
    parser.add_argument("--many", type=int, default=1_000_000, help="executions in the end; default: %(default)s")
    parser.add_argument("--json", type=Path, help="where the milliseconds are written too")
    options = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="stepgraph-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        found = asyncio.run(_measure(Path(folder) / "data", options.many, console))
    table = Table("what", f"ms among {_FEW:,}", f"ms among {options.many:,}", "ratio")
    for name, (few, many) in found.items():
        table.add_row(name, f"{few:.1f}", f"{many:.1f}", f"{many / few:.2f}")
    console.print(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
