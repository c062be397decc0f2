"""Workers that die: whatever the moment, another one ends the execution with every step recorded once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from domain.executions.records import ExecutionDelta
from domain.executions.step_executor import StepCall, Succeeded
from domain.kernel.statuses import ExecutionStatus, StepStatus
from domain.workflows.definitions.definition import Definition
from tests.builders import a_definition, http, transform
from tests.unit.actors.world import UNAVAILABLE, RunningClock, World

TRIES = {"maxAttempts": 5, "delay": "PT0.001S", "jitter": "NONE", "strategy": "FIXED"}


class Crash(BaseException):
    """The worker dies here, and has no chance to do anything about it."""


def world_of() -> World:
    """A world whose service `b` fails twice before it answers."""
    world = World(clock=RunningClock())
    failures = iter([UNAVAILABLE, UNAVAILABLE])
    world.service.answers = {"b": lambda call: next(failures, Succeeded(output={"of": call.path}))}
    return world


@pytest.fixture
def definition() -> Definition:
    return a_definition(
        steps=[
            http("a", after=[]),
            http("b", after=[], retry=TRIES),
            http("c", after=["a"], members={"when": "true"}),
            transform("d", "steps.c.output.of", after=["b", "c"]),
            http("e", after=["d"], method="POST"),
            http("never", members={"when": "false"}),
        ],
        output="[steps.a.output.of, steps.d.output, steps.e.output.of, steps.never.status]",
    )


@pytest.mark.parametrize("is_stored", [False, True], ids=["before it is stored", "after it is stored"])
async def test_a_crash_at_any_one_commit_loses_nothing_and_repeats_no_record(
    definition: Definition, *, is_stored: bool
) -> None:
    commits = 0
    while True:
        world = world_of()
        id = await world.execution(definition)
        recorded = record_ends(world)
        crash_at(world, commits, is_stored=is_stored)
        has_crashed = await crashes(world, id, definition)
        del world.storage.executions.commit

        if not (await world.record(id)).status.is_terminal:
            await world.release_from_dead_worker(id)
            await (await world.activation(id, definition)).run()

        await check(world, id, recorded)
        if not has_crashed:
            break
        commits += 1
    assert commits >= 4


async def test_an_execution_whose_workers_die_after_every_single_commit_ends_all_the_same(
    definition: Definition,
) -> None:
    world = world_of()
    id = await world.execution(definition)
    recorded = record_ends(world)
    workers = 0

    while not (await world.record(id)).status.is_terminal:
        workers += 1
        assert workers < 20
        crash_at(world, 0, is_stored=True)
        await crashes(world, id, definition)
        del world.storage.executions.commit
        await world.release_from_dead_worker(id)

    await check(world, id, recorded)
    assert workers >= 4


async def test_an_attempt_that_was_in_flight_is_made_again_under_its_number_and_key(definition: Definition) -> None:
    world = world_of()
    id = await world.execution(definition)
    crash_at(world, 0, is_stored=False)
    assert await crashes(world, id, definition)
    del world.storage.executions.commit
    await world.storage.executions.flush()
    assert world.steps(id)["a"].state.status is StepStatus.RUNNING

    await world.release_from_dead_worker(id)
    await (await world.activation(id, definition)).run()

    first, second = [call for call in world.service.calls if call.path == "a"]
    assert (first.attempt, first.idempotency_key) == (second.attempt, second.idempotency_key)
    assert len(world.steps(id)["a"].state.attempts) == 1


async def check(world: World, id: UUID, recorded: Sequence[str]) -> None:
    """Check that the execution has ended well: each step once, each call of a step under one key."""
    ended = await world.record(id)
    assert ended.status is ExecutionStatus.COMPLETED
    assert ended.output == ["a", "c", "e", "SKIPPED"]
    assert sorted(recorded) == ["a", "b", "c", "d", "e", "never"]
    assert len(keys_of(world.service.calls)) == len({call.path for call in world.service.calls})


def keys_of(calls: Sequence[StepCall]) -> set[tuple[str, str]]:
    return {(call.path, call.idempotency_key) for call in calls}


async def crashes(world: World, id: UUID, definition: Definition) -> bool:
    """Run the execution as a new worker; True when that worker has died."""
    try:
        await (await world.activation(id, definition)).run()
    except Crash:
        return True
    return False


def crash_at(world: World, commit_number: int, *, is_stored: bool) -> None:
    """Let the worker die at this commit (from 0), which is stored all the same or not."""
    store = world.storage.executions
    real, left = type(store).commit, iter(range(commit_number))

    async def commit(delta: ExecutionDelta) -> int:
        is_last = next(left, None) is None
        sequence = await real(store, delta) if is_stored or not is_last else 0
        if is_last:
            raise Crash
        return sequence

    store.commit = commit  # type: ignore[method-assign]


def record_ends(world: World) -> Sequence[str]:
    """The paths of the steps whose end was stored, each as often as that happened."""
    ends: list[str] = []
    publisher = world.storage.publisher
    publish = publisher.publish

    def listen(changes: Any) -> None:
        for change in changes:
            ends.extend(step.state.path for step in change.steps or () if step.state.status.is_terminal)
        publish(changes)

    publisher.publish = listen  # type: ignore[method-assign]
    return ends
