"""No request costs the API more than its size allows, holds its event loop, or leaves memory behind."""

import asyncio
from random import Random

import pytest

from tests.abuse.attack import LARGE, SMALL, Attack, Kind
from tests.abuse.confirming import confirmed
from tests.abuse.conftest import requests_of_a_kind, wanted
from tests.abuse.deployment import Stage, longest_silence
from tests.abuse.kinds import KINDS
from tests.abuse.measuring import Reading
from tests.abuse.report import Report, Row
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONGEST_SILENCE = 0.25
"""Seconds of processor time for which the event loop may be held."""
MOST_LEFT = 64
"""Megabytes above what the API had before a kind that may be left some seconds after it."""
MOST_IN_SANDBOX = 5.0
"""Seconds of processor time that children of the sandbox may spend on a request which is evaluated or checked there:
an operation has two seconds of them here, and a child that was stopped is started anew, which costs as well."""


async def test_what_is_sent_is_answered_within_the_budget_of_its_size(stage: Stage, report: Report) -> None:
    earlier = len(report.faults)
    for kind in KINDS:
        if wanted() in kind.name:
            await _attack_by(kind, stage, report)
    report.must_be_kept(earlier)


async def _attack_by(kind: Kind, stage: Stage, report: Report) -> None:
    row = report.row(kind.name)
    chance = Random(f"{report.seed} {kind.name}")
    await stage.data("{ __typename }")  # who is refused everything costs nothing
    before = stage.api.memory()
    for number in range(requests_of_a_kind()):
        attack = _made(kind, chance, stage, is_small=number % 4 != 3)
        await _send(kind, attack, stage, report, row)
        row.peak = max(row.peak, (stage.api.memory() - before) / 2**20)

    def left() -> float:
        return (stage.api.memory() - before) / 2**20

    try:
        await wait_until(lambda: left() <= MOST_LEFT, "memory has come back", timeout=15, interval=0.1)
    except TimeoutError:
        report.fault(kind.name, b"", f"{left():.0f} MB of memory stay")
    row.left = left()


async def _send(kind: Kind, attack: Attack, stage: Stage, report: Report, row: Row) -> None:
    """Send a request, and again when it seems to cost too much or to hold the event loop."""

    async def cost_of() -> Reading:
        return await _cost_of(attack, stage)

    async def silence_of() -> Reading:
        sending = asyncio.create_task(stage.send(attack))
        silence = await longest_silence(stage.api.process.pid, stage.is_live, sending)
        await sending
        return Reading(silence, 0.0, 0.0)

    cost, limit = await cost_of(), kind.most_seconds(attack)
    if not _is_within(kind, cost, limit * report.slowness):
        cost = await confirmed(cost_of)
        if not _is_within(kind, cost, limit):
            report.fault(kind.name, attack, f"{_said(cost)}, where {limit * 1000:.0f} ms are allowed")
    row.add(attack, cost.own, cost.children, cost.postgres)
    if cost.own > LONGEST_SILENCE:
        silence = (await silence_of()).own
        if silence > LONGEST_SILENCE * report.slowness:
            silence = (await confirmed(silence_of)).own
            if silence > LONGEST_SILENCE:
                report.fault(kind.name, attack, f"the event loop is held for {silence * 1000:.0f} ms")
        row.silence = max(row.silence, silence * 1000)


def _is_within(kind: Kind, cost: Reading, limit: float) -> bool:
    if kind.uses_sandbox:
        return cost.own <= limit and cost.children <= MOST_IN_SANDBOX
    return cost.own + cost.children <= limit


async def _cost_of(attack: Attack, stage: Stage) -> Reading:
    """The cost of sending a request once, up to a moment when the API has nothing more to do for it."""
    before = stage.api.read()
    await stage.send(attack)
    assert await stage.is_live()
    return stage.api.read().since(before)


def _said(cost: Reading) -> str:
    return f"{cost.own * 1000:.0f} ms of the API and {cost.children * 1000:.0f} ms of its children"


def _made(kind: Kind, chance: Random, stage: Stage, *, is_small: bool) -> Attack:
    """A request of a kind, of all magnitudes alike."""
    lowest, highest = (100, SMALL) if is_small else (SMALL, LARGE)
    size = int(lowest * (highest / lowest) ** chance.random())
    while len((attack := kind.make(chance, stage, size)).wire) >= highest:
        size = size * 2 // 3  # with its head and its escapes it came to more than was asked for
    return attack
