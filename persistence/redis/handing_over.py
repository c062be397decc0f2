"""Handing executions over to workers: they say over pub/sub how much room they have, and are told of new executions."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from domain.executions.records import ExecutionRecord, NewExecution
from domain.kernel.background_tasks import cancelled
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.kernel.statuses import TriggerKind
from persistence.executions.rows import claimed_from_the_first, execution_of_new
from persistence.redis.clients import MOST_LOADED, REDIS_FAULTS, redis_client
from persistence.redis.subscriber import RedisSubscriber

logger = logging.getLogger(__name__)

ROOM_CHANNEL = "stepgraph:room"
_MOST_BYTES = 64 * 1024
"""The longest input with labels that is told; one that is longer is read by its worker from the database."""
_KNOWN_FOR = 2.5
"""Seconds for which what a worker has said of its room counts: it says so every second."""


def worker_channel(worker_id: UUID) -> str:
    """The channel on which a worker listens for nudges and for executions that are handed to it."""
    return f"stepgraph:worker:{worker_id}"


def room_text(worker_id: UUID, room: int) -> str:
    """The text in which a worker says how much room it has."""
    return f"{worker_id} {room}"


class RedisHandovers:
    """Implements `domain.executions.handing_over.Handovers` while its context lasts."""

    def __init__(self, url: str, *, timeout: float = 2.0, now: Callable[[], float] = time.monotonic) -> None:
        """`timeout`: the seconds that telling a worker may take. `now` gives seconds."""
        self._timeout = timeout
        self._now = now
        self._client = redis_client(url, connections=16, answer_within=MOST_LOADED)
        self._rooms: dict[UUID, tuple[int, float]] = {}
        """By worker, its room, less what was handed to it since, and until when that counts."""
        self._subscriber = RedisSubscriber(
            url, "rooms of workers", heard=self._heard, connected=lambda _: None, channels=[ROOM_CHANNEL]
        )
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._subscriber.run(), name="rooms of workers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            await cancelled([self._task])
        await self._client.aclose()

    def worker_for(self, new: NewExecution) -> UUID | None:
        now = self._now()
        best = max(((room, id) for id, (room, until) in self._rooms.items() if room > 0 and until > now), default=None)
        if best is None or _is_large(new):
            return None
        room, id = best
        self._rooms[id] = room - 1, self._rooms[id][1]
        return id

    async def hand_over(self, executions: Sequence[ExecutionRecord]) -> Sequence[UUID]:
        handed = [(execution, execution.worker_id) for execution in executions if execution.worker_id is not None]
        try:
            async with asyncio.timeout(self._timeout), self._client.pipeline(transaction=False) as pipeline:
                for execution, worker_id in handed:
                    pipeline.publish(worker_channel(worker_id), dumps(_told(execution)))
                receivers = await pipeline.execute()
        except REDIS_FAULTS as error:
            logger.warning("Redis does not answer; executions wait until their workers look for them: %s", error)
            return []
        unheard = [each for each, number in zip(handed, receivers, strict=True) if not number]
        for _, worker_id in unheard:
            self._rooms.pop(worker_id, None)
        return [execution.id for execution, _ in unheard]

    def _heard(self, channel: str, data: bytes) -> None:
        worker_id, room = data.decode().split()
        now = self._now()
        self._rooms = {id: each for id, each in self._rooms.items() if each[1] > now}
        self._rooms[UUID(worker_id)] = int(room), now + _KNOWN_FOR


def handed_execution(data: bytes) -> ExecutionRecord:
    """The execution that was told, as its worker holds it."""
    told: Any = loads(data)
    trigger_id = told["trigger_id"]
    new = NewExecution(
        id=UUID(told["id"]),
        definition_id=UUID(told["definition_id"]),
        workflow_id=None if told["workflow_id"] is None else UUID(told["workflow_id"]),
        workflow_version=told["workflow_version"],
        input=told["input"],
        labels=told["labels"],
        priority=told["priority"],
        total_steps=told["total_steps"],
        created_at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=told["created_at"]),
        idempotency_key=told["idempotency_key"],
        trigger=TriggerKind(told["trigger"]),
        trigger_id=None if trigger_id is None else UUID(trigger_id),
    )
    return claimed_from_the_first(execution_of_new(new), UUID(told["worker_id"]))


def _told(execution: ExecutionRecord) -> Mapping[str, JsonValue]:
    created = execution.created_at - datetime.fromtimestamp(0, UTC)
    return {
        "id": str(execution.id),
        "definition_id": str(execution.definition_id),
        "workflow_id": None if execution.workflow_id is None else str(execution.workflow_id),
        "workflow_version": execution.workflow_version,
        "input": execution.input,
        "labels": dict(execution.labels),
        "priority": execution.priority,
        "total_steps": execution.progress.total,
        "created_at": created // timedelta(microseconds=1),
        "idempotency_key": execution.idempotency_key,
        "trigger": execution.trigger.value,
        "trigger_id": None if execution.trigger_id is None else str(execution.trigger_id),
        "worker_id": str(execution.worker_id),
    }


def _is_large(new: NewExecution) -> bool:
    try:
        return len(dumps([new.input, dict(new.labels)])) > _MOST_BYTES
    except ValueError:
        return True  # storing it will say what is wrong
