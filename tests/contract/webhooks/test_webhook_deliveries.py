"""The contract of webhook deliveries, over memory and PostgreSQL: what is queued, who sends it, and what follows."""

from datetime import timedelta

from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.statuses import EventType, ExecutionStatus, WebhookEventStatus
from domain.webhooks.model import WebhookAttempt, WebhookChanges, WebhookRecord, pause_after
from domain.webhooks.payloads import MAX_OUTPUT_BYTES
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON, created_workflow
from tests.contract.webhook_rows import LEASE, attempt_at, claim_one, end_execution, queued, registered

ENDS = (EventType.EXECUTION_COMPLETED,)
DAY = timedelta(days=1)


async def test_an_execution_is_told_with_all_that_matters(storage: Storage) -> None:
    webhook = await registered(storage)
    stored = await created_workflow(storage.workflows, "ship")
    id = await end_execution(
        storage, workflow_id=stored.id, workflow_version=1, labels={"team": "sales"}, output={"done": True}
    )
    start, end = await queued(storage, webhook)
    assert (start.event_type, start.status) == ("execution.started", WebhookEventStatus.PENDING)
    common = {
        "id": to_public(IdKind.EXECUTION, id),
        "workflow": {"id": to_public(IdKind.WORKFLOW, stored.id), "name": "ship", "version": 1},
        "labels": {"team": "sales"},
        "createdAt": "2026-03-14T15:09:26.535897Z",
        "startedAt": "2026-03-14T15:09:26.535897Z",
        "error": None,
        "outputOmitted": False,
    }
    assert start.payload == {
        "type": "execution.started",
        "timestamp": "2026-03-14T15:09:26.535897Z",
        "data": {**common, "status": "RUNNING", "finishedAt": None, "duration": None, "output": None},
    }
    assert end.payload == {
        "type": "execution.completed",
        "timestamp": "2026-03-14T15:09:27.535897Z",
        "data": {
            **common,
            "status": "COMPLETED",
            "finishedAt": "2026-03-14T15:09:27.535897Z",
            "duration": "PT1S",
            "output": {"done": True},
        },
    }
    assert (end.execution_id, end.created_at, end.next_attempt_at) == (id, SOON, NOW)


async def test_a_failure_is_told_with_its_error(storage: Storage) -> None:
    webhook = await registered(storage, event_types=(EventType.EXECUTION_FAILED,))
    error = StepError(code=FailureCode.HTTP_STATUS, message="500", path="pay", details={"status": 500})
    await end_execution(storage, status=ExecutionStatus.FAILED, output=None, error=error)
    (event,) = await queued(storage, webhook)
    assert isinstance(event.payload, dict)
    assert event.payload["data"]["error"] == error.to_json()


async def test_an_output_that_is_too_large_is_left_out(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    await end_execution(storage, output="x" * (MAX_OUTPUT_BYTES - 2))
    await end_execution(storage, output="x" * (MAX_OUTPUT_BYTES - 1))
    fits, too_large = [event.payload for event in await queued(storage, webhook)]
    assert isinstance(fits, dict)
    assert isinstance(too_large, dict)
    assert (len(fits["data"]["output"]), fits["data"]["outputOmitted"]) == (MAX_OUTPUT_BYTES - 2, False)
    assert (too_large["data"]["output"], too_large["data"]["outputOmitted"]) == (None, True)


async def test_each_webhook_gets_only_what_it_wants(storage: Storage) -> None:
    workflow_id = new_id()
    everything = await registered(storage, "everything")
    ends = await registered(storage, "ends", event_types=ENDS)
    of_one = await registered(storage, "of one", workflow_id=workflow_id)
    disabled = await registered(storage, "disabled", enabled=False)
    await end_execution(storage, workflow_id=workflow_id)
    await end_execution(storage)
    assert len(await queued(storage, everything)) == 4
    assert [event.event_type for event in await queued(storage, ends)] == ["execution.completed"] * 2
    assert [event.event_type for event in await queued(storage, of_one)] == ["execution.started", "execution.completed"]
    assert await queued(storage, disabled) == []
    ids = [event.id for each in (everything, ends, of_one) for event in await queued(storage, each)]
    assert len(set(ids)) == 8


async def test_what_is_due_comes_in_the_order_in_which_it_happened(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    for _ in range(4):
        await end_execution(storage)
    events = await queued(storage, webhook)
    endpoint = await claim_one(storage, events=3)
    assert endpoint.webhook == webhook
    assert endpoint.due == tuple(events[:3])


async def test_an_endpoint_is_served_by_one_at_a_time(storage: Storage) -> None:
    webhook = await registered(storage)
    await end_execution(storage)
    await queued(storage, webhook)
    await claim_one(storage)
    assert not await storage.deliveries.claim(now=NOW, lease=LEASE, endpoints=10, events=10)
    again = await claim_one(storage, NOW + LEASE)
    assert len(again.due) == 2


async def test_no_more_endpoints_are_claimed_than_asked_for_and_none_without_work(storage: Storage) -> None:
    webhooks = [await registered(storage, f"webhook {number}", event_types=ENDS) for number in range(3)]
    await registered(storage, "idle", event_types=(EventType.EXECUTION_CANCELLED,))
    await end_execution(storage)
    await queued(storage, webhooks[0])
    first = await storage.deliveries.claim(now=NOW, lease=LEASE, endpoints=2, events=10)
    rest = await storage.deliveries.claim(now=NOW, lease=LEASE, endpoints=2, events=10)
    assert len(first) == 2
    assert {endpoint.webhook.id for endpoint in [*first, *rest]} == {webhook.id for webhook in webhooks}


async def test_those_that_fail_and_the_others_can_be_claimed_apart(storage: Storage) -> None:
    failing, well = await registered(storage, "failing", event_types=ENDS), await registered(storage, "well")
    await end_execution(storage)
    (event,) = await queued(storage, failing)
    endpoints = {
        each.webhook.id: each for each in await storage.deliveries.claim(now=NOW, lease=LEASE, endpoints=10, events=10)
    }
    await attempt_at(storage, endpoints[failing.id], event, status_code=500)
    await storage.deliveries.release(endpoints[well.id])
    for is_failing, expected in ((True, failing), (False, well)):
        (claimed,) = await storage.deliveries.claim(now=LATER, lease=LEASE, endpoints=10, events=10, failing=is_failing)
        assert claimed.webhook.id == expected.id


async def test_a_delivery_is_stored_with_its_attempt(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    await end_execution(storage)
    (event,) = await queued(storage, webhook)
    await attempt_at(storage, await claim_one(storage), event, now=SOON)
    delivered = (await storage.webhooks.events([event.id]))[event.id]
    attempt = WebhookAttempt(at=SOON, duration=timedelta(seconds=0.25), status_code=200)
    assert (delivered.status, delivered.attempts) == (WebhookEventStatus.DELIVERED, (attempt,))
    assert (delivered.delivered_at, delivered.next_attempt_at) == (SOON, None)
    assert (delivered.last_status_code, delivered.last_error) == (200, None)
    assert not await storage.deliveries.claim(now=LATER, lease=LEASE, endpoints=10, events=10)


async def test_a_failure_waits_without_holding_up_what_comes_later(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    await end_execution(storage)
    await end_execution(storage)
    first, second = await queued(storage, webhook)
    await attempt_at(storage, await claim_one(storage), first, status_code=500)
    failed = (await storage.webhooks.events([first.id]))[first.id]
    assert (failed.status, failed.failures, failed.next_attempt_at) == (
        WebhookEventStatus.PENDING,
        1,
        NOW + timedelta(seconds=5),
    )
    assert (failed.last_status_code, failed.last_error) == (500, "The receiver answered 500.")
    # Nothing new for a moment, then the second, and the first again when its time has come.
    assert not await storage.deliveries.claim(now=NOW, lease=LEASE, endpoints=10, events=10)
    endpoint = await claim_one(storage, NOW + timedelta(seconds=2))
    assert [event.id for event in endpoint.due] == [second.id]
    assert endpoint.webhook.failing_since == NOW
    await attempt_at(storage, endpoint, second, now=NOW + timedelta(seconds=2))
    assert [event.id for event in (await claim_one(storage, NOW + timedelta(seconds=5))).due] == [first.id]
    webhooks = await storage.webhooks.find_many([webhook.id])
    assert webhooks[webhook.id].failing_since is None


async def test_an_endpoint_that_asks_for_a_pause_gets_nothing_at_all(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    await end_execution(storage)
    await end_execution(storage)
    first, second = await queued(storage, webhook)
    endpoint = await claim_one(storage)
    await attempt_at(storage, endpoint, first, status_code=429, retry_after=timedelta(minutes=1))
    assert not await storage.deliveries.claim(now=NOW + timedelta(seconds=59), lease=LEASE, endpoints=10, events=10)
    due = (await claim_one(storage, NOW + timedelta(minutes=1))).due
    assert [event.id for event in due] == [second.id, first.id]


async def test_an_endpoint_is_kept_while_there_is_more(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    for _ in range(2):
        await end_execution(storage)
    first, second = await queued(storage, webhook)
    endpoint = await claim_one(storage, events=1)
    await attempt_at(storage, endpoint, first, keeps=True)
    assert not await storage.deliveries.claim(now=NOW, lease=LEASE, endpoints=10, events=10)
    more = await storage.deliveries.due(endpoint, now=SOON, lease=LEASE, events=1)
    assert more is not None
    assert [event.id for event in more.due] == [second.id]
    await attempt_at(storage, more, second, keeps=True)
    assert await storage.deliveries.due(more, now=SOON, lease=LEASE, events=1) is None
    # It was given back: what happens next is served at once.
    await end_execution(storage)
    await queued(storage, webhook)
    await claim_one(storage)


async def test_an_endpoint_that_is_given_back_can_be_claimed_at_once(storage: Storage) -> None:
    webhook = await registered(storage)
    await end_execution(storage)
    await queued(storage, webhook)
    await storage.deliveries.release(await claim_one(storage))
    await claim_one(storage)


async def test_what_a_late_worker_has_delivered_counts_and_what_failed_does_not(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    for _ in range(2):
        await end_execution(storage)
    first, second = await queued(storage, webhook)
    late = await claim_one(storage)
    present = await claim_one(storage, NOW + LEASE)
    await attempt_at(storage, late, first)
    await attempt_at(storage, late, second, status_code=500)
    stored = await storage.webhooks.events([first.id, second.id])
    assert stored[first.id].status is WebhookEventStatus.DELIVERED
    assert (stored[second.id].status, len(stored[second.id].attempts)) == (WebhookEventStatus.PENDING, 1)
    assert stored[second.id].next_attempt_at == NOW
    assert await storage.deliveries.due(late, now=NOW, lease=LEASE, events=1) is None
    assert await storage.deliveries.due(present, now=NOW, lease=LEASE, events=1) is not None


async def test_a_webhook_that_is_gone_is_disabled_and_that_is_told_once(storage: Storage) -> None:
    webhook = await registered(storage, "gone", event_types=ENDS)
    told = await registered(storage, "told", event_types=(EventType.WEBHOOK_DISABLED,))
    await end_execution(storage)
    (event,) = await queued(storage, webhook)
    endpoint = await claim_one(storage)
    for _ in range(2):
        await attempt_at(storage, endpoint, event, status_code=410)
    stored = (await storage.webhooks.find_many([webhook.id]))[webhook.id]
    assert (stored.enabled, stored.disabled_reason) == (False, "The receiver answered 410 Gone.")
    (notice,) = await queued(storage, told)
    assert notice.payload == {
        "type": "webhook.disabled",
        "timestamp": "2026-03-14T15:09:26.535897Z",
        "data": {
            "id": to_public(IdKind.WEBHOOK, webhook.id),
            "name": "gone",
            "reason": "The receiver answered 410 Gone.",
        },
    }
    assert notice.execution_id is None
    await attempt_at(storage, await claim_one(storage), notice)
    assert not await storage.deliveries.claim(now=NOW + DAY, lease=LEASE, endpoints=10, events=10)


async def test_an_event_that_has_failed_too_often_has_failed(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    await end_execution(storage)
    (event,) = await queued(storage, webhook)
    now = NOW
    for _ in range(10):
        (due,) = (await claim_one(storage, now)).due
        endpoint = await claim_one(storage, now + LEASE)
        await attempt_at(storage, endpoint, due, now=now, status_code=503)
        now += timedelta(hours=25)
        if now - NOW > timedelta(days=4):
            await _forgive(storage, webhook)
    failed = (await storage.webhooks.events([event.id]))[event.id]
    assert (failed.status, len(failed.attempts), failed.next_attempt_at) == (WebhookEventStatus.FAILED, 10, None)


async def _forgive(storage: Storage, webhook: WebhookRecord) -> None:
    """Switch it off and on, as somebody might who does not want it to be disabled for failing."""
    for enabled in (False, True):
        await storage.webhooks.update(webhook.id, WebhookChanges(enabled=enabled), now=NOW)


async def test_a_call_of_a_step_is_an_event_of_its_webhook(storage: Storage) -> None:
    webhook = await registered(storage)
    event_id, execution_id = new_id(), new_id()
    for code, error in ((500, "The receiver answered 500."), (200, None)):
        await storage.deliveries.record_call(
            event_id=event_id,
            webhook_id=webhook.id,
            execution_id=execution_id,
            event_type="order.shipped",
            payload={"type": "order.shipped"},
            attempt=WebhookAttempt(at=NOW, duration=timedelta(seconds=1), status_code=code, error=error),
        )
        event = (await storage.webhooks.events([event_id]))[event_id]
        assert event.status is (WebhookEventStatus.FAILED if error else WebhookEventStatus.DELIVERED)
        assert (event.last_status_code, event.last_error) == (code, error)
    assert (len(event.attempts), event.delivered_at, event.execution_id) == (2, NOW, execution_id)
    # The step tries again by itself; only a replay hands the event to those who deliver.
    assert not await storage.deliveries.claim(now=LATER, lease=LEASE, endpoints=10, events=10)
    await storage.webhooks.replay(event_id, NOW)
    assert [due.id for due in (await claim_one(storage)).due] == [event_id]


async def test_a_call_of_a_webhook_that_is_gone_leaves_nothing(storage: Storage) -> None:
    event_id = new_id()
    await storage.deliveries.record_call(
        event_id=event_id,
        webhook_id=new_id(),
        execution_id=new_id(),
        event_type="order.shipped",
        payload=None,
        attempt=WebhookAttempt(at=NOW, duration=timedelta(seconds=1), status_code=200),
    )
    assert await storage.webhooks.events([event_id]) == {}


async def test_what_is_old_and_over_is_forgotten_in_batches(storage: Storage) -> None:
    webhook, idle = await registered(storage, "busy", event_types=ENDS), await registered(storage, "disabled")
    for _ in range(4):
        await end_execution(storage)
    events = await queued(storage, webhook)
    await _switch_off(storage, idle)
    endpoint = await claim_one(storage)
    for event in events[:3]:
        await attempt_at(storage, endpoint, event, keeps=True)
    assert await storage.deliveries.forget(before=NOW, limit=100) == 0
    forgotten = [await storage.deliveries.forget(before=LATER, limit=7) for _ in range(3)]
    assert forgotten == [7, 4, 0]
    assert await queued(storage, webhook) == [events[3]]
    assert await queued(storage, idle) == []


async def test_the_next_that_is_due_is_known(storage: Storage) -> None:
    webhook = await registered(storage, event_types=ENDS)
    assert await storage.deliveries.next_due(NOW) is None
    await end_execution(storage)
    (event,) = await queued(storage, webhook)
    assert await storage.deliveries.next_due(NOW) == NOW
    endpoint = await claim_one(storage)
    assert await storage.deliveries.next_due(NOW) == NOW + LEASE
    await attempt_at(storage, endpoint, event, status_code=500)
    next_attempt_at = (await storage.webhooks.events([event.id]))[event.id].next_attempt_at
    assert next_attempt_at is not None
    assert await storage.deliveries.next_due(NOW) == next_attempt_at

    await end_execution(storage)
    await queued(storage, webhook)
    pause = NOW + pause_after(1)
    assert await storage.deliveries.next_due(NOW) == min(next_attempt_at, pause)
    await _switch_off(storage, webhook)
    assert await storage.deliveries.next_due(NOW) is None


async def _switch_off(storage: Storage, webhook: WebhookRecord) -> None:
    await storage.webhooks.update(webhook.id, WebhookChanges(enabled=False), now=NOW)
