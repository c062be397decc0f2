"""Saving schedules: what is refused in a new one, and what one of an older release may keep."""

from dataclasses import replace

import pytest

from domain.kernel.errors import InvalidInput
from domain.kernel.ids import new_id
from domain.schedules.model import ScheduleRecord, ScheduleSettings, next_run
from domain.schedules.service import ScheduleService
from tests.unit.domain.conftest import Services


async def test_a_stored_expression_that_is_refused_today_can_be_switched_off_and_on_but_not_written_anew(
    services: Services,
) -> None:
    schedules = ScheduleService(
        schedules=services.storage.schedules,
        workflows=services.storage.workflows,
        definitions=services.definitions,
        clock=services.clock,
    )
    now = services.clock.now()
    workflow = await services.store_workflow()
    settings = ScheduleSettings(name="nightly", workflow_id=workflow.id, cron="*/90 * * * *")
    stored = ScheduleRecord(
        id=new_id(),
        settings=settings,
        revision=1,
        created_at=now,
        updated_at=now,
        next_run_at=next_run(settings, now),
    )
    await services.storage.schedules.create(stored)

    off = await schedules.save(replace(settings, enabled=False))
    on = await schedules.save(settings)

    assert (off.next_run_at, on.next_run_at) == (None, stored.next_run_at)
    for refused in (replace(settings, name="other"), replace(settings, cron="0 */48 * * *")):
        with pytest.raises(InvalidInput, match="not every"):
            await schedules.save(refused)
