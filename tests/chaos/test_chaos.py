"""Whatever breaks, nothing is lost, doubled or stuck: a part of it with every run, all of it by `make chaos`.

STEPGRAPH_CHAOS_SEEDS says how many seeds everything at once is tried with, STEPGRAPH_CHAOS_SECONDS for how long faults
go on, and STEPGRAPH_CHAOS_FAULTS=all that each fault is tried by itself too.
"""

import asyncio
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stepgraph.cli.kit.client import connected
from tests.chaos.faults import FAULTS, for_a_while
from tests.chaos.load import SHOWN, Load, Work
from tests.chaos.stage import Stage, staged
from tests.consistency import until_consistent

SEEDS = range(1, 1 + int(os.environ.get("STEPGRAPH_CHAOS_SEEDS", "1")))
SECONDS = float(os.environ.get("STEPGRAPH_CHAOS_SECONDS", "8"))
ALONE = list(FAULTS) if os.environ.get("STEPGRAPH_CHAOS_FAULTS") == "all" else []
"""The faults that are tried by themselves."""
EVERY = 0.5
"""Seconds between two starts, on average; between two faults three times that."""
PATIENCE = 120.0


@pytest.mark.parametrize(
    ("faults", "seed"),
    [
        *(pytest.param([fault], 1, id=f"when {fault}") for fault in ALONE),
        *(pytest.param(list(FAULTS), seed, id=f"whatever breaks, seed {seed}") for seed in SEEDS),
    ],
)
async def test_nothing_is_lost_doubled_or_stuck(faults: Sequence[str], seed: int) -> None:
    await broken(seed, faults)


async def broken(seed: int, faults: Sequence[str]) -> None:
    """Have a system work while these faults happen at random, and look at what has become of its work."""
    chance = random.Random(seed)
    with _folder() as folder:
        async with staged(folder) as stage, connected(stage.url, patience=5, answer_within=10) as client:
            load = Load(client, chance)
            await load.prepare(stage.service.url)
            going_on = asyncio.create_task(load.go_on(EVERY))
            happened = await _break(stage, chance, faults)
            going_on.cancel()
            await asyncio.gather(going_on, return_exceptions=True)
            try:
                async with asyncio.timeout(PATIENCE):
                    await load.finish()
                    await until_consistent(stage.postgres.url, 60)
                    ended = [(await load.insist(SHOWN, id=work.id))["execution"] for work in load.all]
            except TimeoutError:
                stuck = [work for work in load.all if not work.id or not work.followed or not work.followed[-1]]
                raise AssertionError(f"seed {seed}, {happened}: stuck: {stuck}\n{stage.logs()}") from None
            wrong = [found for work, end in zip(load.all, ended, strict=True) for found in _wrong(work, end)]
            assert not wrong, f"seed {seed}, {happened}: {wrong}\n{stage.logs()}"
            kinds = Counter(work.kind for work in load.all)
            print(f"seed {seed}: {dict(kinds)} through {dict(Counter(happened))}")  # noqa: T201 - `make chaos` shows it
            orders = sum(work.kind == "order" for work in load.all)
            paid = Counter(key for key in stage.service.attempts if key.startswith("payment "))
            assert len(paid) == orders, f"seed {seed}, {happened}: {orders} orders were paid with {len(paid)} keys"


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stepgraph-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        yield folder


async def _break(stage: Stage, chance: random.Random, faults: Sequence[str]) -> list[str]:
    happened: list[str] = []
    loop = asyncio.get_running_loop()
    until = loop.time() + SECONDS
    while loop.time() < until:
        await for_a_while(chance.expovariate(1 / (3 * EVERY)))
        name = chance.choice(faults)
        happened.append(name)
        await FAULTS[name](stage, chance)
    return happened


def _wrong(work: Work, ended: dict[str, Any]) -> list[str]:
    """Everything about one execution that is not as it must be."""
    found = list(work.faults)
    status, output = work.expected()
    if ended["status"] != status:
        found.append(f"it is {ended['status']}: {ended['error']}")
    elif output is not None and ended["output"] != output:
        found.append(f"its output is {ended['output']}")
    for seen in work.followed:
        found += [f"sequence {later} came after {sooner}" for sooner, later in pairwise(seen) if later <= sooner]
    sequences = [sequence for seen in work.followed for sequence in seen]
    if sequences and sequences[-1] != ended["sequence"]:
        found.append(f"the last sequence seen is {sequences[-1]} of {ended['sequence']}")
    return [f"{work.kind} {work.id}: {each}" for each in found]
