"""The contract of ExecutionQueries: keyset pages, filters, change sets of one moment."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from domain.executions.lists import Place
from domain.executions.records import ExecutionChange, ExecutionFilter, StepFilter
from domain.kernel.errors import LimitExceeded
from domain.kernel.ids import IdSequence, new_id
from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType
from tests.contract.conftest import Storage
from tests.contract.rows import (
    NOW,
    claimed,
    created,
    created_workflow,
    delta_of,
    end_of,
    new_execution,
    step,
    steps_counted,
    stored,
)

ANY = ExecutionFilter()


async def test_pages_go_from_the_newest_to_the_oldest_without_gap_or_repeat(storage: Storage) -> None:
    # All are created at the very same time: ids alone give the order.
    ids = [answer.id for answer in await storage.executions.create([new_execution() for _ in range(7)])]
    seen = []
    after = None
    for expected_next in (True, True, False):
        page = await storage.queries.page(ANY, first=3, after=None if after is None else Place(after))
        seen += [row.id for row in page.rows]
        assert page.has_next is expected_next
        after = seen[-1]
        await created(storage)  # what comes meanwhile is newer, and moves nothing
    assert seen == sorted(ids, reverse=True)
    assert await storage.queries.count(ANY) == 10


async def test_an_empty_list_is_an_empty_page(storage: Storage) -> None:
    page = await storage.queries.page(ANY, first=10, after=None)
    assert (page.rows, page.has_next) == ((), False)
    assert await storage.queries.count(ANY) == 0
    assert await storage.queries.get_many([]) == {}
    assert await storage.queries.get_many([new_id()]) == {}


async def test_every_part_of_a_filter_must_match(storage: Storage) -> None:
    order = await created_workflow(storage.workflows, "order")
    other = await created_workflow(storage.workflows, "other")
    late = NOW + timedelta(days=1)
    ids = IdSequence()
    a = await created(storage, id=ids.next(NOW), workflow_id=order.id, labels={"team": "a", "tier": 1})
    b = await created(storage, id=ids.next(late), workflow_id=order.id, labels={"team": "b"}, created_at=late)
    c = await created(storage, id=ids.next(NOW), workflow_id=other.id, labels={"team": "a"})
    await storage.executions.commit(end_of(await claimed(storage, c)))
    d = await created(storage, id=ids.next(NOW))

    async def matching(filter: ExecutionFilter) -> set[object]:
        page = await storage.queries.page(filter, first=10, after=None)
        assert await storage.queries.count(filter) == len(page.rows)
        return {row.id for row in page.rows}

    pending, completed = ExecutionStatus.PENDING, ExecutionStatus.COMPLETED
    assert await matching(ANY) == {a, b, c, d}
    assert await matching(ExecutionFilter(workflow_id=order.id)) == {a, b}
    assert await matching(ExecutionFilter(workflow_name="other")) == {c}
    assert await matching(ExecutionFilter(workflow_name="nobody")) == set()
    assert await matching(ExecutionFilter(labels={"team": "a"})) == {a, c}
    assert await matching(ExecutionFilter(labels={"team": "a", "tier": 1})) == {a}
    assert await matching(ExecutionFilter(statuses=frozenset({completed}))) == {c}
    assert await matching(ExecutionFilter(statuses=frozenset({completed, pending}))) == {a, b, c, d}
    assert await matching(ExecutionFilter(statuses=frozenset())) == set()
    assert await matching(ExecutionFilter(statuses=frozenset({pending}), workflow_name="order")) == {a, b}
    assert await matching(ExecutionFilter(statuses=frozenset({pending}), workflow_id=other.id)) == set()
    assert await matching(ExecutionFilter(created_after=NOW)) == {b}
    assert await matching(ExecutionFilter(created_before=late)) == {a, c, d}
    assert await matching(ExecutionFilter(created_after=NOW, labels={"team": "a"})) == set()


async def test_pages_of_several_statuses_are_merged_in_order(storage: Storage) -> None:
    ids = [await created(storage) for _ in range(6)]
    for id in ids[::2]:
        await storage.executions.commit(end_of(await claimed(storage, id)))
    both = ExecutionFilter(statuses=frozenset({ExecutionStatus.PENDING, ExecutionStatus.COMPLETED}))
    first = await storage.queries.page(both, first=4, after=None)
    assert [row.id for row in first.rows] == ids[:1:-1]
    rest = await storage.queries.page(both, first=4, after=Place(first.rows[-1].id))
    assert [row.id for row in rest.rows] == ids[1::-1]
    assert (first.has_next, rest.has_next) == (True, False)


async def test_steps_are_shown_in_document_order(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    steps = [
        step("zebra", position="0001"),
        step("apple", position="0002", type=StepType.WAIT, status=StepStatus.FAILED),
        step("apple.inner", position="0002.0001"),
        step("Mango", position="0010"),
    ]
    await storage.executions.commit(delta_of(claim, *reversed(steps)))

    every = StepFilter()
    first = await storage.queries.steps_page(id, every, first=3, after=None)
    assert [row.state.path for row in first.rows] == ["zebra", "apple", "apple.inner"]
    rest = await storage.queries.steps_page(id, every, first=3, after=first.rows[-1].position)
    assert [row.state.path for row in rest.rows] == ["Mango"]
    assert (first.has_next, rest.has_next) == (True, False)

    async def matching(filter: StepFilter) -> list[str]:
        page = await storage.queries.steps_page(id, filter, first=10, after=None)
        assert await steps_counted(storage, id, filter) == len(page.rows)
        return [row.state.path for row in page.rows]

    assert await matching(StepFilter(path_prefix="apple")) == ["apple", "apple.inner"]
    assert await matching(StepFilter(path_prefix="%")) == []
    assert await matching(StepFilter(statuses=frozenset({StepStatus.FAILED}))) == ["apple"]
    assert await matching(StepFilter(types=frozenset({StepType.WAIT, StepType.HTTP_REQUEST}))) == [
        row.state.path for row in (*first.rows, *rest.rows)
    ]
    assert await steps_counted(storage, new_id(), every) == 0


async def test_steps_of_many_executions_come_together(storage: Storage) -> None:
    one, two = await claimed(storage), await claimed(storage)
    await storage.executions.commit(delta_of(one, *(step(name) for name in "cab")))
    await storage.executions.commit(delta_of(two, step("only", status=StepStatus.FAILED)))
    ids = [one.execution.id, two.execution.id, new_id()]

    pages = await storage.queries.steps_pages(ids, StepFilter(), first=2)
    assert [[row.state.path for row in pages[id].rows] for id in ids] == [["a", "b"], ["only"], []]
    assert [pages[id].has_next for id in ids] == [True, False, False]
    assert await storage.queries.steps_counts(ids, StepFilter()) == dict(zip(ids, (3, 1, 0), strict=True))
    failed = StepFilter(statuses=frozenset({StepStatus.FAILED}))
    assert await storage.queries.steps_counts(ids, failed) == dict(zip(ids, (0, 1, 0), strict=True))

    keys = [(ids[0], "a"), (ids[1], "only"), (ids[1], "a"), (ids[0], "a")]
    found = await storage.queries.steps_by_path(keys)
    assert set(found) == {(ids[0], "a"), (ids[1], "only")}
    assert await storage.queries.steps_by_path([]) == {}
    completed, failed_one = StepStatus.COMPLETED, StepStatus.FAILED
    expected = {(ids[0], "a"): completed, (ids[1], "only"): failed_one}
    assert await storage.queries.step_statuses([*keys, (new_id(), "a")]) == expected
    assert await storage.queries.step_statuses([]) == {}


async def test_changes_since_hold_what_was_committed_after_it(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    await storage.executions.commit(delta_of(claim, step("a"), step("b", status=StepStatus.RUNNING)))
    await storage.executions.commit(delta_of(claim, step("c")))
    await storage.executions.commit(end_of(claim, step("b")))

    everything = await storage.queries.changes_since(id, 0)
    assert everything is not None
    assert everything.steps is not None
    assert [(row.state.path, row.sequence) for row in everything.steps] == [("a", 1), ("c", 2), ("b", 3)]
    assert (everything.sequence, everything.covers, everything.output) == (3, 3, {"done": True})
    assert everything.status is ExecutionStatus.COMPLETED
    assert everything.progress == (await stored(storage, id)).progress

    last = await storage.queries.changes_since(id, 2)
    assert last is not None
    assert last.steps is not None
    assert [row.state.path for row in last.steps] == ["b"]
    assert (last.sequence, last.covers, last.output) == (3, 1, {"done": True})


@pytest.mark.parametrize("lean", [False, True])
async def test_no_more_changes_are_read_than_may_be_told_at_once(storage: Storage, lean: bool) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    await storage.executions.commit(delta_of(claim, *(step(f"s{number}") for number in range(5))))
    await storage.executions.commit(end_of(claim, step("s0")))

    with pytest.raises(LimitExceeded, match="More than 4 steps"):
        await storage.queries.changes_since(id, 0, lean=lean, most=4)
    whole = await storage.queries.changes_since(id, 0, lean=lean, most=5)
    assert whole is not None
    assert len(whole.steps or ()) == 5
    assert await storage.queries.changes_since(id, 1, lean=lean, most=1) is not None
    without = await storage.queries.changes_since(id, 0, lean=lean, most=0, steps=False)
    assert without is not None
    assert (without.sequence, without.steps, without.progress) == (whole.sequence, (), whole.progress)


async def test_when_nothing_changed_there_are_no_steps(storage: Storage) -> None:
    id = await created(storage)
    change = await storage.queries.changes_since(id, 0)
    assert change is not None
    assert (change.sequence, change.steps, change.covers) == (0, (), 0)
    assert await storage.queries.changes_since(new_id(), 0) is None


async def test_changes_since_are_of_one_moment(storage: Storage) -> None:
    """While commits go on, the execution part and the newest step always are of the same commit."""
    claim = await claimed(storage)
    id = claim.execution.id

    async def write() -> None:
        for number in range(60):
            await storage.executions.commit(delta_of(claim, step(f"s{number % 3}", output=number)))

    writing = asyncio.create_task(write())
    while not writing.done():
        change = await storage.queries.changes_since(id, 0)
        assert change is not None
        assert change.steps is not None
        assert max((row.sequence for row in change.steps), default=0) == change.sequence
        await asyncio.sleep(0)
    await writing


async def test_sequences_are_those_of_the_executions_that_exist(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(delta_of(claim))
    fresh = await created(storage)
    wanted = [claim.execution.id, fresh, new_id()]
    assert await storage.queries.sequences(wanted) == {claim.execution.id: 1, fresh: 0}
    assert await storage.queries.sequences([]) == {}


@pytest.mark.parametrize("name", ["Ünïcode", "quo'te", "%_\\"])
async def test_odd_names_are_only_names(storage: Storage, name: str) -> None:
    record = await created_workflow(storage.workflows, name)
    id = await created(storage, workflow_id=record.id, labels={name: name})
    page = await storage.queries.page(ExecutionFilter(workflow_name=name, labels={name: name}), first=5, after=None)
    assert [row.id for row in page.rows] == [id]


async def test_those_who_ask_for_changes_at_the_same_time_get_each_their_own(storage: Storage) -> None:
    many = await claimed(storage)
    await storage.executions.commit(delta_of(many, *(step(f"s{number:03}") for number in range(80))))
    few = [await claimed(storage) for _ in range(3)]
    for number, claim in enumerate(few):
        await storage.executions.commit(delta_of(claim, step("a"), step(f"b{number}")))
        await storage.executions.commit(end_of(claim, step("a"), output={"number": number}))
    ids = [many.execution.id, *(claim.execution.id for claim in few), new_id()]
    asked = [(id, since, steps) for id in ids for since in (-1, 0, 1, 2) for steps in (True, False)]

    async def changes(id: UUID, since: int, steps: bool) -> ExecutionChange | None:
        return await storage.queries.changes_since(id, since, lean=True, most=100, steps=steps)

    together = await asyncio.gather(*(changes(*each) for each in asked))
    assert together == [await changes(*each) for each in asked]
    assert [len(change.steps or ()) for change in together[:2] if change is not None] == [80, 0]
    refused = await asyncio.gather(
        *(storage.queries.changes_since(id, 0, lean=True, most=1) for id in ids[:-1] for _ in range(9)),
        return_exceptions=True,
    )
    assert {type(each) for each in refused} == {LimitExceeded}
