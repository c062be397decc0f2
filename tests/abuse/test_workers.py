"""Hostile inputs and answers of services: whatever a worker gets, none of its other executions is held up."""

import asyncio
import json
import math
import time
from random import Random
from typing import Any

import pytest

from tests.abuse.attack import LARGE, Attack
from tests.abuse.confirming import confirmed
from tests.abuse.conftest import requests_of_a_kind, wanted
from tests.abuse.deployment import PATIENCE, Stage, longest_silence
from tests.abuse.executions import EXECUTIONS
from tests.abuse.measuring import Reading
from tests.abuse.report import Report, Row
from tests.abuse.service import FORMS, hostile_answer, hostile_service
from tests.abuse.test_requests import LONGEST_SILENCE, MOST_LEFT
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOST_OF_AN_ANSWER = 1.0
"""Seconds of processor time that a worker may spend on an answer below 1 MB, with the execution around it."""

_ENOUGH = 10.0
"""Seconds on the wall after which a hostile execution is cancelled: some would go on for hours, as they are allowed."""

_ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"}
_STATUS = "query ($id: ID!) { execution(id: $id) { status } }"
_CANCEL = "mutation { cancelExecutions(filter: {status: [PENDING, RUNNING, WAITING]}) { __typename } }"
_CALLER = {
    "name": "caller",
    "steps": [
        {
            "id": "call",
            "type": "HTTP_REQUEST",
            "config": {
                "url": "{{ input.url }}",
                "circuitBreaker": "OFF",
                "followRedirects": True,
                "readTimeout": "PT3S",
            },
            "timeout": "PT10S",
            "retry": {"strategy": "NONE"},
        }
    ],
}


async def test_answers_of_hostile_services_cost_little(stage: Stage, report: Report) -> None:
    earlier = len(report.faults)
    caller = await stage.apply(_CALLER)
    async with hostile_service() as service:
        for form in (form for form in FORMS if wanted() in f"answer: {form}"):
            row = report.row(f"answer: {form}")
            chance = Random(f"{report.seed} {form}")
            before = stage.worker.memory()
            for _ in range(requests_of_a_kind()):
                service.answer = hostile_answer(chance, form, round(100 * 8_000 ** chance.random()))
                attack = Attack(service.answer.wire)
                assert len(attack.wire) < LARGE, form
                start = {"workflowId": caller, "input": {"url": service.url}}
                await _execute(stage, report, row, attack, start, MOST_OF_AN_ANSWER)
            await _until_memory_is_back(stage, report, row, before)
    report.must_be_kept(earlier)


async def test_hostile_executions_hold_up_none_of_the_others(stage: Stage, report: Report) -> None:
    earlier = len(report.faults)
    await stage.apply({"name": "abuse descendants", "steps": [_nothing()]})
    for name, make in EXECUTIONS.items():
        if wanted() not in f"execution: {name}":
            continue
        row = report.row(f"execution: {name}")
        chance = Random(f"{report.seed} {name}")
        before = stage.worker.memory()
        for _ in range(requests_of_a_kind()):
            steps, value = make(chance)
            document = {"name": f"abuse {name}", "steps": steps}
            id = await stage.apply(document)
            attack = Attack(json.dumps({"document": document, "input": value}).encode())
            await _execute(stage, report, row, attack, {"workflowId": id, "input": value}, math.inf)
        await _until_memory_is_back(stage, report, row, before)
    report.must_be_kept(earlier)


async def _execute(
    stage: Stage, report: Report, row: Row, attack: Attack, start: dict[str, Any], most_seconds: float
) -> None:
    """Execute it, and again when it seems to cost too much of the worker or to hold its event loop."""
    silences: list[float] = []

    async def cost_of() -> Reading:
        cost, silence = await _beside_others(stage, row, start)
        silences.append(silence)
        return cost

    async def silence_of() -> Reading:
        return Reading((await _beside_others(stage, row, start))[1], 0.0, 0.0)

    base = stage.worker.memory()
    try:
        cost = await cost_of()
        row.peak = max(row.peak, (stage.worker.memory() - base) / 2**20)
        if cost.own > most_seconds * report.slowness:
            cost = await confirmed(cost_of)
            if cost.own > most_seconds:
                report.fault(row.name, attack, f"{cost.own * 1000:.0f} ms of the worker")
        silence = silences[0]
        if silence > LONGEST_SILENCE * report.slowness:
            silence = (await confirmed(silence_of)).own
            if silence > LONGEST_SILENCE:
                report.fault(row.name, attack, f"the worker's event loop is held for {silence * 1000:.0f} ms")
    except TimeoutError as error:
        report.fault(row.name, attack, str(error))
        return
    row.silence = max(row.silence, silence * 1000)
    row.add(attack, cost.own, cost.children, cost.postgres)


async def _beside_others(stage: Stage, row: Row, start: dict[str, Any]) -> tuple[Reading, float]:
    """Execute it, and a plain execution just after it.

    The costs of both, and the longest time in seconds for which the worker's event loop was held. Raises `TimeoutError`
    where one of them does not end.
    """
    before = stage.worker.read()
    hostile = await stage.execute(**start)

    async def others_go_on() -> None:
        began = time.monotonic()
        other = await stage.execute(workflowId=stage.workflow_id, input=1)
        await _until_ended(stage, other, "a plain execution ends beside a hostile one")
        row.beside = max(row.beside or 0.0, (time.monotonic() - began) * 1000)
        try:
            await _until_ended(stage, hostile, "it ends", timeout=_ENOUGH)
        except TimeoutError:
            await stage.data(_CANCEL)
            await _until_ended(stage, hostile, "a hostile execution ends when it is cancelled")

    working = asyncio.create_task(others_go_on())
    silence = await longest_silence(stage.worker.process.pid, stage.worker_answers, working)
    await working
    return stage.worker.read().since(before), silence


async def _until_ended(stage: Stage, id: str, what: str, timeout: float = PATIENCE) -> None:
    async def has_ended() -> bool:
        return (await stage.data(_STATUS, id=id))["execution"]["status"] in _ENDED

    await wait_until(has_ended, what, timeout, 0.05)


async def _until_memory_is_back(stage: Stage, report: Report, row: Row, before: int) -> None:
    def left() -> float:
        return (stage.worker.memory() - before) / 2**20

    try:
        await wait_until(lambda: left() <= MOST_LEFT, "memory has come back", timeout=15, interval=0.1)
    except TimeoutError:
        report.fault(row.name, b"", f"{left():.0f} MB of memory stay with the worker")
    row.left = left()


def _nothing() -> dict[str, Any]:
    return {"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}}
