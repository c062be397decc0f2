"""Group commit and batching by themselves: what travels together, what never does, and what failure harms whom."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from domain.executions.records import ExecutionChange, ExecutionDelta
from domain.kernel.errors import InvalidInput, LeaseLost, Unavailable
from domain.kernel.ids import new_id
from persistence.executions.changes import Stored
from persistence.executions.rows import execution_of_new
from persistence.postgres.connections.batcher import Batcher
from persistence.postgres.executions.group_commit import GroupCommitter, Refused
from persistence.postgres.executions.rows.composite import DeltaRows
from tests.contract.rows import delta_of, new_execution, step


@dataclass
class Database:
    """Takes batches, one statement at a time when its gate is closed; refuses paths called `poison`."""

    batches: list[list[DeltaRows]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    sequences: dict[UUID, int] = field(default_factory=dict)
    under_way: set[UUID] = field(default_factory=set)
    failures: list[Exception] = field(default_factory=list)
    repeated: list[bool] = field(default_factory=list)

    async def store(self, rows: Sequence[DeltaRows], commands: Sequence[UUID], is_repeated: bool) -> dict[int, Stored]:
        ids = {row.execution[1] for row in rows}
        assert not ids & self.under_way, "two statements for one execution at a time"
        self.under_way |= ids
        self.repeated.append(is_repeated)
        self.entered.release()
        try:
            await self.gate.wait()
            if self.failures:
                raise self.failures.pop(0)
            if any(step[1] == "poison" for row in rows for step in row.steps):
                raise Refused from ValueError("poison")
        finally:
            self.under_way -= ids
        self.batches.append(list(rows))
        answers = {}
        for row in rows:
            ordinal, id, epoch = row.execution[:3]
            if epoch == 1:
                self.sequences[id] = self.sequences.get(id, 0) + 1
                answers[ordinal] = Stored(self.sequences[id], None)
        return answers


@dataclass
class Heard:
    """A publisher that remembers."""

    changes: list[ExecutionChange] = field(default_factory=list)

    def publish(self, changes: Sequence[ExecutionChange]) -> None:
        self.changes += changes


def change(id: UUID, *paths: str, epoch: int = 1) -> ExecutionDelta:
    record = execution_of_new(new_execution(id=id))
    return delta_of(record, *(step(path) for path in paths), epoch=epoch)


async def test_what_gathers_while_a_statement_is_under_way_goes_out_as_one() -> None:
    database = Database()
    committer = GroupCommitter(database.store, Heard(), lanes=1)
    first = asyncio.create_task(committer.commit(change(new_id(), "a")))
    await database.entered.acquire()
    others = [asyncio.create_task(committer.commit(change(new_id(), "a"))) for _ in range(20)]
    await asyncio.sleep(0)
    database.gate.set()
    assert await asyncio.gather(first, *others) == [1] * 21
    assert [len(batch) for batch in database.batches] == [1, 20]


async def test_two_statements_never_hold_the_same_execution() -> None:
    database = Database()
    committer = GroupCommitter(database.store, Heard(), lanes=2)
    id = new_id()
    first = asyncio.create_task(committer.commit(change(id, "a")))
    await database.entered.acquire()
    committer.post(change(id, "b"))
    second = asyncio.create_task(committer.commit(change(id, "c")))
    other = asyncio.create_task(committer.commit(change(new_id(), "a")))
    await database.entered.acquire()  # the other one is under way in the second lane
    database.gate.set()
    assert [await first, await second, await other] == [1, 2, 1]
    own = [row for batch in database.batches for row in batch if row.execution[1] == id]
    assert [[step[1] for step in row.steps] for row in own] == [["a"], ["b", "c"]]


async def test_many_commits_are_spread_over_the_lanes() -> None:
    database = Database()
    committer = GroupCommitter(database.store, Heard(), lanes=2)
    tasks = [asyncio.create_task(committer.commit(change(new_id(), "a"))) for _ in range(200)]
    for _ in range(2):
        await database.entered.acquire()
    database.gate.set()
    await asyncio.gather(*tasks)
    assert [len(batch) for batch in database.batches] == [100, 100]


async def test_a_batch_is_bounded_in_rows_and_in_bytes() -> None:
    database = Database()
    database.gate.set()
    committer = GroupCommitter(database.store, Heard(), lanes=1, max_rows=10)
    await asyncio.gather(*(committer.commit(change(new_id(), "a")) for _ in range(17)))
    assert [len(batch) for batch in database.batches] == [5, 5, 5, 2]

    database.batches.clear()
    large = [delta_of(execution_of_new(new_execution()), step("a", output="x" * 5_000_000), epoch=1) for _ in range(3)]
    await asyncio.gather(*(committer.commit(delta) for delta in large))
    assert [len(batch) for batch in database.batches] == [1, 1, 1]


@pytest.mark.parametrize("position", [0, 3, 7])
async def test_a_refused_change_fails_alone(position: int) -> None:
    database = Database()
    heard = Heard()
    committer = GroupCommitter(database.store, heard, lanes=1)
    tasks = [
        asyncio.create_task(committer.commit(change(new_id(), "poison" if number == position else "fine")))
        for number in range(8)
    ]
    database.gate.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(answers.pop(position), InvalidInput)
    assert answers == [1] * 7
    assert len(heard.changes) == 7


async def test_a_value_without_json_text_fails_alone() -> None:
    database = Database()
    database.gate.set()
    committer = GroupCommitter(database.store, Heard(), lanes=1)
    bad = delta_of(execution_of_new(new_execution()), step("a", output="\ud800"), epoch=1)
    answers = await asyncio.gather(
        committer.commit(bad), committer.commit(change(new_id(), "a")), return_exceptions=True
    )
    assert isinstance(answers[0], InvalidInput)
    assert answers[1] == 1


async def test_while_the_database_is_away_commits_wait_and_are_sent_again() -> None:
    database = Database(failures=[Unavailable("away"), Unavailable("away")])
    database.gate.set()
    committer = GroupCommitter(database.store, Heard(), lanes=1)
    assert await committer.commit(change(new_id(), "a")) == 1
    assert database.repeated == [False, True, True]


async def test_any_other_failure_is_everybodys_and_the_next_batch_is_tried() -> None:
    database = Database(failures=[RuntimeError("a bug")])
    database.gate.set()
    committer = GroupCommitter(database.store, Heard(), lanes=1)
    answers = await asyncio.gather(*(committer.commit(change(new_id(), "a")) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [RuntimeError] * 3
    assert await committer.commit(change(new_id(), "a")) == 1


async def test_posted_changes_are_stored_without_a_commit() -> None:
    database = Database()
    committer = GroupCommitter(database.store, Heard())
    ids = [new_id() for _ in range(3)]
    for id in ids:
        committer.post(change(id, "a"))
        committer.post(change(id, "b"))
    await database.entered.acquire()
    database.gate.set()
    await committer.drain(1)
    rows = [row for batch in database.batches for row in batch]
    assert [[step[1] for step in row.steps] for row in rows] == [["a", "b"]] * 3


async def test_draining_stores_what_is_posted_and_leaves_nothing_running() -> None:
    database = Database()
    database.gate.set()
    committer = GroupCommitter(database.store, Heard(), post_delay=3_600)
    committer.post(change(new_id(), "a"))
    await committer.drain(5)
    assert len(database.batches) == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_draining_gives_up_on_a_database_that_stays_away() -> None:
    database = Database()
    committer = GroupCommitter(database.store, Heard(), lanes=1)
    waiting = [asyncio.create_task(committer.commit(change(new_id(), "a"))) for _ in range(3)]
    await database.entered.acquire()
    await committer.drain(0.01)
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 3


async def test_a_change_of_a_newer_epoch_does_not_travel_with_an_older_one() -> None:
    database = Database()
    committer = GroupCommitter(database.store, Heard(), lanes=1)
    blocking = asyncio.create_task(committer.commit(change(new_id(), "a")))
    await database.entered.acquire()
    id = new_id()
    old = asyncio.create_task(committer.commit(change(id, "old", epoch=0)))
    await asyncio.sleep(0)
    new = asyncio.create_task(committer.commit(change(id, "new", epoch=1)))
    await asyncio.sleep(0)
    database.gate.set()
    assert await new == 1
    await blocking
    with pytest.raises(LeaseLost):
        await old
    assert [[step[1] for step in row.steps] for row in database.batches[1]] == [["new"]]


async def test_a_caller_that_is_cancelled_harms_nobody() -> None:
    database = Database()
    committer = GroupCommitter(database.store, Heard(), lanes=1)
    id = new_id()
    cancelled = asyncio.create_task(committer.commit(change(id, "a")))
    await database.entered.acquire()
    cancelled.cancel()
    database.gate.set()
    assert await committer.commit(change(id, "b")) == 2


async def test_calls_made_at_once_are_run_as_one() -> None:
    runs: list[list[int]] = []

    async def run(items: list[int]) -> list[int]:
        runs.append(items)
        await asyncio.sleep(0)
        return [item * 10 for item in items]

    batcher = Batcher(run, max_items=4, lanes=1)
    answers = await asyncio.gather(
        batcher.submit([1]), batcher.submit([2, 3]), batcher.submit([]), batcher.submit([4, 5])
    )
    assert list(answers) == [[10], [20, 30], [], [40, 50]]
    assert runs == [[1, 2, 3], [4, 5]]
    assert await batcher.submit(range(6)) == [0, 10, 20, 30, 40, 50]


async def test_a_call_that_fails_takes_no_other_with_it() -> None:
    async def run(items: list[int]) -> list[int]:
        if 0 in items:
            raise ValueError("zero")
        return items

    batcher = Batcher(run, lanes=1)
    answers = await asyncio.gather(
        batcher.submit([1]), batcher.submit([0]), batcher.submit([2]), return_exceptions=True
    )
    assert (answers[0], answers[2]) == ([1], [2])
    assert isinstance(answers[1], ValueError)
