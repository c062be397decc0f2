"""`python -m benchmarks`: starts a system of its own, measures the workloads, prints a table and writes JSON."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import aiohttp
import uvloop
from rich.console import Console

from benchmarks.report import print_table, update_document, write_json
from benchmarks.stack import running_stack
from benchmarks.workload import AnyWorkload, Figures, OwnSystem, OwnSystemWorkload, Workload
from benchmarks.workloads import WORKLOADS

_LEAST_STORED = 100_000
_console = Console(stderr=True)


def main() -> int:
    """Run it; 0 when all was measured, 1 when a workload failed. Missed targets fail nothing."""
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"which ones: {', '.join(names)}; default all")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each workload; the median counts")
    parser.add_argument("--workers", type=int, default=2, help="worker processes")
    parser.add_argument("--stored", type=int, default=1_000_000, help="executions that W7 stores; at least 100,000")
    parser.add_argument("--json", type=Path, default=Path(".stepgraph/benchmarks/latest.json"), help="where to write")
    parser.add_argument("--docs", type=Path, help="a page to put the results into, such as docs/performance.md")
    parser.add_argument("--log", type=Path, help="where the output of the system goes")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(names)
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    if options.rounds < 1 or options.workers < 1 or options.stored < _LEAST_STORED:
        parser.error(f"at least one round, one worker and {_LEAST_STORED:,} stored executions")
    chosen = [workload for workload in WORKLOADS if not options.workloads or workload.name in options.workloads]
    own = OwnSystem(log=options.log, stored=options.stored)
    results = uvloop.run(_measure(chosen, rounds=options.rounds, workers=options.workers, own=own))
    print_table(results, chosen)
    settings = {"rounds": options.rounds, "workers": options.workers}
    write_json(options.json, results, chosen, settings)
    print(f"Written to {options.json}.")
    if options.docs is not None:
        update_document(options.docs, results, chosen, settings)
    return 0 if all(len(results[workload.name]) == _rounds(workload, options.rounds) for workload in chosen) else 1


async def _measure(
    workloads: Sequence[AnyWorkload], *, rounds: int, workers: int, own: OwnSystem
) -> dict[str, list[Figures]]:
    shared = [workload for workload in workloads if isinstance(workload, Workload)]
    others = [workload for workload in workloads if isinstance(workload, OwnSystemWorkload)]
    results: dict[str, list[Figures]] = {workload.name: [] for workload in workloads}
    if shared:
        _console.print("Starting PostgreSQL, Valkey, the API, the workers and the example service …")
        async with running_stack(workers=workers, log=own.log) as stack:
            for workload in shared:
                results[workload.name] = await _rounds_of(
                    workload, rounds, partial(workload.prepare, stack), partial(workload.measure, stack)
                )
    for other in others:
        results[other.name] = await _rounds_of(other, rounds, _nothing, partial(other.measure, own))
    return results


async def _rounds_of(
    workload: AnyWorkload,
    rounds: int,
    prepare: Callable[[], Awaitable[None]],
    measure: Callable[[], Awaitable[Figures]],
) -> list[Figures]:
    """The figures of each round: of fewer rounds than asked for where the workload failed, which is printed."""
    measured: list[Figures] = []
    try:
        async with asyncio.timeout(workload.timeout):
            await prepare()
        for number in range(_rounds(workload, rounds)):
            async with asyncio.timeout(workload.timeout):
                figures = await measure()
            measured.append(figures)
            first = [f"{figure} {figures[figure]:,.1f}" for figure in list(figures)[:2]]
            _console.print(f"{workload.name} round {number + 1}: {', '.join(first)}")
    except (RuntimeError, OSError, aiohttp.ClientError, ExceptionGroup) as error:
        _console.print(f"{workload.name} failed: {type(error).__name__}: {error}", markup=False)
    return measured


def _rounds(workload: AnyWorkload, asked: int) -> int:
    most = workload.most_rounds if isinstance(workload, OwnSystemWorkload) else None
    return asked if most is None else min(asked, most)


async def _nothing() -> None:
    """Nothing is prepared."""


if __name__ == "__main__":
    sys.exit(main())
