"""Faults by name. Each breaks one thing for a while, and has it whole again when it returns."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import psutil

from tests.chaos.stage import API, LEASE, WORKERS, Machine, Stage

Fault = Callable[[Stage, random.Random], Awaitable[None]]


async def for_a_while(seconds: float) -> None:
    """Let time pass: here it is what is tested."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


async def a_worker_is_killed(stage: Stage, chance: random.Random) -> None:
    _kill(stage.machines[chance.choice(WORKERS)])


async def a_worker_stands_still_past_its_lease(stage: Stage, chance: random.Random) -> None:
    process = stage.machines[chance.choice(WORKERS)].process()
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
            await for_a_while(chance.uniform(1.2, 2.0) * LEASE)
            process.resume()


async def the_api_is_killed(stage: Stage, chance: random.Random) -> None:
    _kill(stage.machines[API])


async def connections_are_cut(stage: Stage, chance: random.Random) -> None:
    """Also refused for a while."""
    machine = stage.machines[chance.choice([API, *WORKERS])]
    ways = [way for way in machine.network if chance.random() < 0.7]
    for way in ways:
        await way.cut()
    await for_a_while(chance.uniform(0.2, 1.5) * LEASE)
    for way in ways:
        await way.mend()


async def connections_fall_silent(stage: Stage, chance: random.Random) -> None:
    """They live on and carry nothing; new ones are as they should be."""
    machine = stage.machines[chance.choice([API, *WORKERS])]
    for way in machine.network:
        way.silence()


async def postgresql_ends_all_sessions(stage: Stage, chance: random.Random) -> None:
    await stage.postgres.end_sessions()


async def postgresql_is_killed(stage: Stage, chance: random.Random) -> None:
    await stage.postgres.restart(signal.SIGQUIT)


async def postgresql_is_restarted(stage: Stage, chance: random.Random) -> None:
    await stage.postgres.restart(signal.SIGINT)


async def redis_loses_everything(stage: Stage, chance: random.Random) -> None:
    await stage.valkey.flush()


async def redis_is_killed(stage: Stage, chance: random.Random) -> None:
    await stage.valkey.end()
    await for_a_while(chance.uniform(0.2, 1.5) * LEASE)
    await stage.valkey.start()


FAULTS: Mapping[str, Fault] = {
    fault.__name__.replace("_", " "): fault
    for fault in (
        a_worker_is_killed,
        a_worker_stands_still_past_its_lease,
        the_api_is_killed,
        connections_are_cut,
        connections_fall_silent,
        postgresql_ends_all_sessions,
        postgresql_is_killed,
        postgresql_is_restarted,
        redis_loses_everything,
        redis_is_killed,
    )
}


def _kill(machine: Machine) -> None:
    process = machine.process()
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.kill()
