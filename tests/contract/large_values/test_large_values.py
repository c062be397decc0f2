"""Contract of `LargeValues`, and of what is read `lean`: large values are left out, and are then read apart."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from domain.engine.state import Attempt
from domain.executions.records import ExecutionFilter, ExecutionRecord, StepFilter, StepRecord
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonText, JsonValue, dumps, loads
from domain.kernel.large_values import LargeValue, ValueKind
from domain.kernel.statuses import StepStatus
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, claimed, created, delta_of, end_of, step

ANY, EVERY = ExecutionFilter(), StepFilter()
ALL = 10_000_000
LARGE: JsonValue = {"text": "é" * 40_000}
EVEN = {"text": "y" * 300_000}
"""A value that is hundreds of times smaller as it is stored."""
ERROR = StepError(code=FailureCode.INTERNAL, message="m" * 30_000, details={"a": 1})


async def value_of(storage: Storage, kind: ValueKind, id: UUID, path: str = "") -> object:
    wanted = LargeValue(kind, id, path)
    return (await storage.large_values.read([wanted], max_bytes=ALL)).values[wanted]


def parsed(value: object) -> JsonValue:
    return loads(dumps(value)) if isinstance(value, JsonText) else value  # type: ignore[return-value]


async def lean_executions(storage: Storage, ids: Sequence[UUID]) -> list[ExecutionRecord]:
    """Each execution, once for every query that can read it."""
    page = await storage.queries.page(ANY, first=len(ids), after=None, lean=True)
    many = await storage.queries.get_many(ids, lean=True)
    return [*page.rows, *many.values()]


async def lean_steps(storage: Storage, id: UUID, paths: Sequence[str]) -> list[StepRecord]:
    """Each step execution, once for every query that can read it."""
    page = await storage.queries.steps_page(id, EVERY, first=len(paths), after=None, lean=True)
    pages = await storage.queries.steps_pages([id], EVERY, first=len(paths), lean=True)
    found = await storage.queries.steps_by_path([(id, path) for path in paths], lean=True)
    change = await storage.queries.changes_since(id, -1, lean=True)
    assert change is not None
    return [*page.rows, *pages[id].rows, *found.values(), *(change.steps or ())]


@pytest.mark.parametrize("value", [LARGE, EVEN], ids=["large", "large when it is unpacked"])
async def test_large_values_of_executions_are_left_out_and_read_apart(storage: Storage, value: JsonValue) -> None:
    labels = {f"l{n}": "x" * 256 for n in range(50)}
    ids = [await created(storage, input=value, labels=labels) for _ in range(3)]
    await storage.executions.commit(end_of(await claimed(storage, ids[0]), output=value, error=ERROR))

    for record in await lean_executions(storage, ids):
        ended = {"output", "error"} if record.id == ids[0] else set()
        assert record.left_out.keys() >= {"input"} | ended
        assert not record.input
        assert record.is_ending is bool(ended)
        assert record.left_out["input"] <= len(dumps(value).encode())
        assert parsed(await value_of(storage, ValueKind.EXECUTION_INPUT, record.id)) == value
        assert await value_of(storage, ValueKind.EXECUTION_LABELS, record.id) == labels
    assert parsed(await value_of(storage, ValueKind.EXECUTION_OUTPUT, ids[0])) == value
    assert await value_of(storage, ValueKind.EXECUTION_ERROR, ids[0]) == ERROR
    [whole] = (await storage.queries.get_many([ids[0]])).values()
    assert (whole.input, whole.output, whole.left_out) == (value, value, {})


async def test_large_values_of_steps_are_left_out_and_read_apart(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    attempts = tuple(Attempt(number=n + 1, started_at=NOW, finished_at=NOW, error=ERROR) for n in range(3))
    large = step(
        "large", status=StepStatus.FAILED, input=LARGE, output=EVEN, error=ERROR, attempts=attempts, checkpoint=LARGE
    )
    await storage.executions.commit(delta_of(claim, large, step("small", output=[1])))

    for record in await lean_steps(storage, id, ["large", "small"]):
        assert record.state.checkpoint is None
        if record.state.path == "large":
            assert record.left_out.keys() == {"input", "output", "error", "attempts"}
        else:
            assert "output" not in record.left_out
            assert record.state.output == [1]
    assert parsed(await value_of(storage, ValueKind.STEP_INPUT, id, "large")) == LARGE
    assert parsed(await value_of(storage, ValueKind.STEP_OUTPUT, id, "large")) == EVEN
    assert await value_of(storage, ValueKind.STEP_ERROR, id, "large") == ERROR
    assert await value_of(storage, ValueKind.STEP_ATTEMPTS, id, "large") == attempts


async def test_a_change_leaves_out_a_large_output(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(end_of(claim, step("a"), step("b"), output=EVEN))

    change = await storage.queries.changes_since(claim.execution.id, 0, lean=True)
    whole = await storage.queries.changes_since(claim.execution.id, 0)

    assert change is not None
    assert whole is not None
    assert change.output is None
    assert list(change.left_out) == ["output"]
    assert (whole.output, whole.left_out) == (EVEN, {})
    assert [each.state for each in change.steps or ()] == [each.state for each in whole.steps or ()]


async def test_what_is_small_stays_with_its_row_and_less_of_it_the_more_rows_there_are(storage: Storage) -> None:
    ids = [await created(storage, input="x" * 1_000, labels={"team": "a"}) for _ in range(2)]

    few = await storage.queries.page(ANY, first=2, after=None, lean=True)
    many = await storage.queries.page(ANY, first=100, after=None, lean=True)

    assert [(row.input, row.labels, row.left_out) for row in few.rows] == [("x" * 1_000, {"team": "a"}, {})] * 2
    assert [(row.input, row.labels, list(row.left_out)) for row in many.rows] == [(None, {"team": "a"}, ["input"])] * 2
    assert {row.id for row in many.rows} == set(ids)


async def test_no_more_is_read_than_was_asked_for(storage: Storage) -> None:
    ids = [await created(storage, input=EVEN) for _ in range(3)]
    wanted = [LargeValue(ValueKind.EXECUTION_INPUT, id) for id in ids]
    size = len(dumps(EVEN))

    enough = await storage.large_values.read(wanted, max_bytes=3 * size)
    short = await storage.large_values.read(wanted, max_bytes=3 * size - 1)

    assert (enough.size, list(enough.values)) == (3 * size, wanted)
    assert (short.size, short.values) == (3 * size, {})


async def test_values_of_rows_that_are_gone_are_left_out_and_missing_ones_are_none(storage: Storage) -> None:
    id = await created(storage)
    gone = LargeValue(ValueKind.EXECUTION_OUTPUT, new_id())
    empty = LargeValue(ValueKind.EXECUTION_OUTPUT, id)

    found = await storage.large_values.read([gone, empty], max_bytes=ALL)
    nothing = await storage.large_values.read([], max_bytes=ALL)

    assert (found.size, found.values) == (0, {empty: None})
    assert (nothing.size, nothing.values) == (0, {})


async def test_integers_beyond_64_bits_and_the_order_of_names_stay(storage: Storage) -> None:
    value: JsonValue = {"z": 2**70, "a": ["x" * 100] * 500}
    id = await created(storage, input=value)

    shown = await value_of(storage, ValueKind.EXECUTION_INPUT, id)

    assert isinstance(shown, JsonText)
    assert dumps(shown) == dumps(value)
    assert dumps([2**65, shown]) == f"[{2**65},{dumps(value)}]"  # type: ignore[list-item]


@pytest.mark.parametrize("value", [LARGE, EVEN, [1.5, 2**70, "Zoë"]], ids=["large", "even", "small"])
async def test_sizes_are_those_that_the_values_have_as_json(storage: Storage, value: JsonValue) -> None:
    claim = await claimed(storage, await created(storage, input=value))
    id = claim.execution.id
    await storage.executions.commit(end_of(claim, step("a", output=value), step("b"), output=value))
    size = len(dumps(value).encode())

    for kind in (ValueKind.EXECUTION_INPUT, ValueKind.EXECUTION_OUTPUT):
        places = [LargeValue(kind, id), LargeValue(kind, new_id())]
        assert await storage.large_values.sizes(places) == {places[0]: size}
    a, b = (LargeValue(ValueKind.STEP_OUTPUT, id, path) for path in "ab")
    assert await storage.large_values.sizes([a, b]) == {a: size}
    assert await storage.large_values.sizes([]) == {}
