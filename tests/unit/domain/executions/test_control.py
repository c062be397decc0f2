"""Telling executions what to do: cancel, pause, resume, signal, call back; and deleting them."""

from typing import Any
from uuid import UUID

import pytest

from domain.engine.state import Signal, StepState
from domain.executions.records import ExecutionFilter
from domain.kernel.errors import InvalidInput, InvalidState, LimitExceeded, NotFound
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus, StepType
from tests.unit.domain.conftest import Services

ENDED = [ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.TIMED_OUT]
UNKNOWN = UUID(int=1)


@pytest.fixture
async def id(services: Services) -> UUID:
    """An execution that nobody has begun yet."""
    await services.store_workflow()
    return await services.start()


async def told(services: Services, id: UUID) -> list[tuple[CommandKind, JsonValue]]:
    """The commands that an execution has not applied yet, as kind and payload."""
    return [(command.kind, command.payload) for command in await services.storage.executions.commands(id)]


async def hold(services: Services, id: UUID) -> UUID:
    """Let a worker take an execution."""
    worker_id = new_id()
    await services.storage.executions.claim([id], worker_id=worker_id, now=services.clock.now())
    return worker_id


class TestCancel:
    async def test_a_cancel_is_stored_and_hinted_when_nobody_holds_the_execution(
        self, services: Services, id: UUID
    ) -> None:
        answer = await services.control.cancel(id, "no longer wanted")

        assert await told(services, id) == [(CommandKind.CANCEL, {"reason": "no longer wanted"})]
        assert answer.id == id
        assert services.storage.queue.hints == [id, id]

    async def test_the_worker_that_holds_the_execution_is_nudged(self, services: Services, id: UUID) -> None:
        worker_id = await hold(services, id)

        await services.control.cancel(id)

        assert services.storage.queue.nudges == [(worker_id, id)]
        assert await told(services, id) == [(CommandKind.CANCEL, None)]

    async def test_what_has_ended_cannot_be_cancelled(self, services: Services, id: UUID) -> None:
        await services.change(id, ExecutionStatus.CANCELLED)
        with pytest.raises(InvalidState) as caught:
            await services.control.cancel(id)
        assert caught.value.status == "CANCELLED"

    @pytest.mark.parametrize("reason", ["x" * 1001, "a\0b", "\ud800"])
    async def test_a_reason_is_short_and_can_be_stored(self, services: Services, reason: str) -> None:
        with pytest.raises(InvalidInput, match="reason"):
            await services.control.cancel(UNKNOWN, reason)


class TestPause:
    async def test_a_pause_and_its_end_are_told(self, services: Services, id: UUID) -> None:
        await services.control.pause(id)
        await services.control.resume(id)
        assert await told(services, id) == [(CommandKind.PAUSE, None), (CommandKind.RESUME, None)]

    async def test_what_is_about_to_pause_cannot_be_paused_again(self, services: Services, id: UUID) -> None:
        await services.control.pause(id)
        with pytest.raises(InvalidState, match="paused already"):
            await services.control.pause(id)
        await services.control.resume(id)
        await services.control.pause(id)

    async def test_what_is_paused_can_be_resumed_once(self, services: Services, id: UUID) -> None:
        await services.change(id, ExecutionStatus.PAUSED, paused_at=services.clock.now())
        with pytest.raises(InvalidState) as caught:
            await services.control.pause(id)
        assert caught.value.status == "PAUSED"
        await services.control.resume(id)
        with pytest.raises(InvalidState, match="not paused"):
            await services.control.resume(id)

    async def test_what_is_not_paused_cannot_be_resumed(self, services: Services, id: UUID) -> None:
        with pytest.raises(InvalidState) as caught:
            await services.control.resume(id)
        assert caught.value.status == "PENDING"

    @pytest.mark.parametrize("status", ENDED)
    async def test_what_has_ended_can_be_neither_paused_nor_resumed(
        self, services: Services, id: UUID, status: ExecutionStatus
    ) -> None:
        await services.change(id, status)
        for act in (services.control.pause, services.control.resume):
            with pytest.raises(InvalidState) as caught:
                await act(id)
            assert caught.value.status == status.value


class TestSignal:
    async def test_a_signal_is_told_with_its_payload(self, services: Services, id: UUID) -> None:
        await services.control.signal(id, "approved", {"by": "ann"})
        await services.control.signal(id, "approved")
        assert await told(services, id) == [
            (CommandKind.SIGNAL, {"name": "approved", "payload": {"by": "ann"}}),
            (CommandKind.SIGNAL, {"name": "approved", "payload": None}),
        ]

    @pytest.mark.parametrize(
        ("name", "payload", "path"),
        [
            ("", None, "name"),
            ("x" * 257, None, "name"),
            ("a\nb", None, "name"),
            ("a", {"b": "\0"}, "payload"),
            ("a", "x" * 10_001, "payload"),
        ],
    )
    async def test_a_malformed_signal_is_refused(
        self, services: Services, id: UUID, name: str, payload: Any, path: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            await services.control.signal(id, name, payload)
        assert caught.value.problems[0].path[0] == path

    @pytest.mark.parametrize("status", ENDED)
    async def test_what_has_ended_hears_no_signal(self, services: Services, id: UUID, status: ExecutionStatus) -> None:
        await services.change(id, status)
        with pytest.raises(InvalidState) as caught:
            await services.control.signal(id, "a")
        assert caught.value.status == status.value

    async def test_only_so_many_signals_are_kept(self, services: Services, id: UUID) -> None:
        kept = tuple(Signal(name="a", payload=n) for n in range(3))
        await services.change(id, ExecutionStatus.WAITING, signals=kept)
        for _ in range(2):
            await services.control.signal(id, "b")
        with pytest.raises(LimitExceeded, match="5 signals wait"):
            await services.control.signal(id, "c")

    async def test_and_only_so_many_bytes_of_them(self, services: Services, id: UUID) -> None:
        kept = tuple(Signal(name="a", payload="x" * 9_000) for _ in range(4))
        await services.change(id, ExecutionStatus.WAITING, signals=kept)
        await services.control.signal(id, "b", "x" * 9_000)
        few = Signal(name="a", payload="x" * 95_000)
        other = await services.start()
        await services.change(other, ExecutionStatus.WAITING, signals=(few,))
        with pytest.raises(LimitExceeded, match="100,000 bytes"):
            await services.control.signal(other, "b", "x" * 9_000)


class TestCallBack:
    async def test_a_callback_is_told_with_the_path_of_its_step(self, services: Services, id: UUID) -> None:
        await services.control.call_back(id, "a", {"ok": True})
        assert await told(services, id) == [(CommandKind.CALLBACK, {"path": "a", "payload": {"ok": True}})]

    async def test_a_second_one_for_the_same_step_is_passed_over(self, services: Services, id: UUID) -> None:
        await services.control.call_back(id, "a", 1)
        await services.control.call_back(id, "a", 2)
        await services.control.call_back(id, "b", 3)
        assert [payload for _, payload in await told(services, id)] == [
            {"path": "a", "payload": 1},
            {"path": "b", "payload": 3},
        ]

    async def test_a_step_that_has_ended_waits_for_none(self, services: Services, id: UUID) -> None:
        step = StepState(path="answer", step_id="answer", type=StepType.WEBHOOK_CALL, status=StepStatus.COMPLETED)
        await services.change(id, ExecutionStatus.WAITING, step)
        with pytest.raises(InvalidState, match="'answer' waits for no callback"):
            await services.control.call_back(id, "answer", None)

    async def test_a_body_that_cannot_be_stored_is_refused(self, services: Services, id: UUID) -> None:
        with pytest.raises(InvalidInput):
            await services.control.call_back(id, "a", "x" * 10_001)


class TestDelete:
    @pytest.mark.parametrize("status", ENDED)
    async def test_what_has_ended_is_deleted(self, services: Services, id: UUID, status: ExecutionStatus) -> None:
        await services.change(id, status)
        await services.control.delete(id)
        assert await services.storage.queries.get_many([id]) == {}
        with pytest.raises(NotFound):
            await services.control.delete(id)

    async def test_what_has_not_ended_stays(self, services: Services, id: UUID) -> None:
        with pytest.raises(InvalidState) as caught:
            await services.control.delete(id)
        assert caught.value.status == "PENDING"
        assert id in await services.storage.queries.get_many([id])


class TestMany:
    async def test_every_matching_execution_that_has_not_ended_is_cancelled(self, services: Services) -> None:
        await services.store_workflow()
        ids = [await services.start(labels={"team": "a"}) for _ in range(4)]
        other = await services.start()
        await services.change(ids[0], ExecutionStatus.COMPLETED)
        worker_id = await hold(services, ids[1])
        services.storage.queue.hints.clear()

        result = await services.control.cancel_many(ExecutionFilter(labels={"team": "a"}), "all of them")

        assert (result.matched, result.changed) == (4, 3)
        for id in ids[1:]:
            assert await told(services, id) == [(CommandKind.CANCEL, {"reason": "all of them"})]
        assert await told(services, other) == []
        assert sorted(services.storage.queue.hints) == ids[2:]
        assert services.storage.queue.nudges == [(worker_id, ids[1])]

    async def test_a_filter_for_what_has_ended_changes_nothing(self, services: Services, id: UUID) -> None:
        await services.change(id, ExecutionStatus.FAILED)
        result = await services.control.cancel_many(ExecutionFilter(statuses=frozenset({ExecutionStatus.FAILED})))
        assert (result.matched, result.changed) == (1, 0)

    async def test_too_many_are_refused_before_anything_is_done(self, services: Services) -> None:
        await services.store_workflow()
        ids = [await services.start() for _ in range(11)]
        with pytest.raises(LimitExceeded, match="11 executions match, and 10 may be changed"):
            await services.control.cancel_many(ExecutionFilter())
        assert await told(services, ids[0]) == []
        await services.change(ids[0], ExecutionStatus.COMPLETED)
        assert (await services.control.cancel_many(ExecutionFilter())).changed == 10


async def test_an_unknown_execution_is_not_found(services: Services) -> None:
    for act in (
        services.control.cancel(UNKNOWN),
        services.control.pause(UNKNOWN),
        services.control.resume(UNKNOWN),
        services.control.signal(UNKNOWN, "a"),
        services.control.call_back(UNKNOWN, "a", None),
        services.control.delete(UNKNOWN),
        services.retries.retry(UNKNOWN),
    ):
        with pytest.raises(NotFound, match="ex_"):
            await act
