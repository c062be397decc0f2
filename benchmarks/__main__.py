"""`python -m benchmarks`: starts a system of its own, measures the workloads, prints a table and writes JSON."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import uvloop
from rich.console import Console

from benchmarks.report import print_table, update_document, write_json
from benchmarks.stack import running_stack
from benchmarks.workloads import WORKLOADS, Figures, Workload


def main() -> int:
    """Run it; 0 when all was measured, 1 when a workload failed. Missed targets fail nothing."""
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"which ones: {', '.join(names)}; default all")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each workload; the median counts")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--json", type=Path, default=Path(".stepgraph/benchmarks/latest.json"), help="where to write")
    parser.add_argument("--docs", type=Path, help="a page to put the results into, such as docs/performance.md")
    parser.add_argument("--log", type=Path, help="where the output of the system goes")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(names)
    if unknown or options.rounds < 1 or options.workers < 1:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}" if unknown else "at least one round and worker")
    chosen = [workload for workload in WORKLOADS if not options.workloads or workload.name in options.workloads]
    results = uvloop.run(_measure(chosen, rounds=options.rounds, workers=options.workers, log=options.log))
    print_table(results, chosen)
    settings = {"rounds": options.rounds, "workers": options.workers}
    write_json(options.json, results, chosen, settings)
    print(f"Written to {options.json}.")
    if options.docs is not None:
        update_document(options.docs, results, chosen, settings)
    return 0 if all(len(results[workload.name]) == options.rounds for workload in chosen) else 1


async def _measure(
    workloads: Sequence[Workload], *, rounds: int, workers: int, log: Path | None
) -> dict[str, list[Figures]]:
    console = Console(stderr=True)
    results: dict[str, list[Figures]] = {workload.name: [] for workload in workloads}
    console.print("Starting PostgreSQL, Valkey, the API, the workers and the example service …")
    async with running_stack(workers=workers, log=log) as stack:
        for workload in workloads:
            try:
                async with asyncio.timeout(workload.timeout):
                    await workload.prepare(stack)
                for number in range(rounds):
                    async with asyncio.timeout(workload.timeout):
                        figures = await workload.measure(stack)
                    results[workload.name].append(figures)
                    first = [f"{figure} {figures[figure]:,.1f}" for figure in list(figures)[:2]]
                    console.print(f"{workload.name} round {number + 1}: {', '.join(first)}")
            except (RuntimeError, OSError, aiohttp.ClientError, ExceptionGroup) as error:
                console.print(f"{workload.name} failed: {type(error).__name__}: {error}", markup=False)
    return results


if __name__ == "__main__":
    sys.exit(main())
