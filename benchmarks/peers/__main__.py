"""`python -m benchmarks.peers`: measures Stepgraph and its peers in turns, prints ratios and writes JSON."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import uvloop
from rich.console import Console

from benchmarks.peers.dbos.contender import Dbos, running_dbos
from benchmarks.peers.ratios import OURS, compare, print_table, update_document, write_json
from benchmarks.peers.restate.contender import Restate, running_restate
from benchmarks.peers.stepgraph import Stepgraph
from benchmarks.peers.workloads import WORKLOADS, Contender, PeerWorkload
from benchmarks.stack import running_stack


@dataclass(frozen=True, slots=True)
class _Peer:
    name: str
    version: str
    running: Callable[[Path, str, int], AbstractAsyncContextManager[Contender]]
    """Starts it in a folder, with the URL of the example service and the number of processes."""


PEERS = {
    "restate": _Peer(Restate.name, Restate.version, running_restate),
    "dbos": _Peer(Dbos.name, Dbos.version, running_dbos),
}
_ROUND_SECONDS = 90
_SETTLE_SECONDS = 0.5
_WARM_UP = 0.2
_STOPPED_BY_SIGNAL = 130


def main() -> int:
    """Run it; 0 when all was measured, 1 when a contender failed, 130 when it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"which ones: {', '.join(PEERS)}; default all")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each workload")
    parser.add_argument("--workers", type=int, default=2, help="worker processes, and processes of each peer")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the executions, to try it out")
    parser.add_argument("--json", type=Path, default=Path(".stepgraph/benchmarks/peers.json"), help="where to write")
    parser.add_argument("--docs", type=Path, help="a page to put the table into, such as docs/comparison.md")
    options = parser.parse_args()
    chosen = options.peers or list(PEERS)
    if unknown := set(chosen) - set(PEERS):
        parser.error(f"no such peer: {', '.join(sorted(unknown))}")
    if options.rounds < 1 or options.workers < 1 or not 0 < options.scale <= 1:
        parser.error("at least one round and worker, and a scale of at most 1")
    run = _Run(rounds=options.rounds, scale=options.scale)
    try:
        uvloop.run(_measure(run, chosen, options.workers))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return _STOPPED_BY_SIGNAL
    labels = {workload.name: f"{workload.name}: {workload.title}" for workload in WORKLOADS}
    comparisons = [each for name, rounds in run.results.items() for each in compare(labels[name], rounds)]
    names = [OURS, *(PEERS[name].name for name in chosen)]
    print_table(comparisons, names)
    settings = {"rounds": options.rounds, "workers": options.workers, "scale": options.scale}
    versions = {PEERS[name].name: PEERS[name].version for name in chosen}
    write_json(options.json, run.results, comparisons, {**settings, "versions": versions})
    print(f"Written to {options.json}.")
    if options.docs is not None:
        update_document(options.docs, comparisons, names, versions, options.rounds)
    return 1 if run.failed else 0


@dataclass(slots=True)
class _Run:
    """Rounds of all workloads, and those contenders that failed: they are measured no more."""

    rounds: int
    scale: float
    results: dict[str, list[dict[str, dict[str, float]]]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    console: Console = field(default_factory=lambda: Console(stderr=True))

    async def carry_out(self, contenders: Sequence[Contender]) -> None:
        for workload in WORKLOADS:
            measured = self.results.setdefault(workload.name, [])
            for contender in contenders:
                await self._measure(contender, workload, self.scale * _WARM_UP)
            for number in range(self.rounds):
                figures: dict[str, dict[str, float]] = {}
                first = number % len(contenders)
                for contender in [*contenders[first:], *contenders[:first]]:
                    found = await self._measure(contender, workload, self.scale)
                    if found is not None:
                        figures[contender.name] = found
                        shown = ", ".join(f"{figure} {value:,.1f}" for figure, value in found.items())
                        self.console.print(f"{workload.name} round {number + 1}, {contender.name}: {shown}")
                measured.append(figures)

    async def _measure(self, contender: Contender, workload: PeerWorkload, scale: float) -> dict[str, float] | None:
        if contender.name in self.failed:
            return None
        share = contender.share if workload.is_rate or workload.one_by_one else 1.0
        sized = workload.scaled(scale * share)
        try:
            async with asyncio.timeout(_ROUND_SECONDS):
                await asyncio.sleep(_SETTLE_SECONDS)  # what the one before has left to do in the background
                return sized.figures(await contender.measure(sized))
        except (RuntimeError, OSError, TimeoutError, aiohttp.ClientError, ExceptionGroup) as error:
            self.failed.add(contender.name)
            why = f"{type(error).__name__}: {error}"
            self.console.print(f"{contender.name} failed in {workload.name} and is left out: {why}", markup=False)
            return None


async def _measure(run: _Run, peers: Sequence[str], workers: int) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    run.console.print("Starting Stepgraph and its peers …")
    async with running_stack(workers=workers) as stack, contextlib.AsyncExitStack() as started:
        contenders: list[Contender] = [Stepgraph(stack)]
        for name in peers:
            folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix=f"stepgraph-bench-{name}-")))
            os.chmod(folder, 0o755)  # noqa: PTH101 -- PostgreSQL may run as another user
            running = PEERS[name].running(folder, stack.service_url, workers)
            contenders.append(await started.enter_async_context(running))
        await run.carry_out(contenders)


if __name__ == "__main__":
    sys.exit(main())
